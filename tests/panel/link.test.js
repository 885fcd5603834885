/** Tests of the panel's connection. */

import { RefusedError } from "../../rid_telephony/console/web/panel/access.js";
import { addressOf, Link, pauseBefore, TIMES } from "../../rid_telephony/console/web/panel/link.js";
import { Call, equal, sockets, Time } from "./kit.js";

/** A link on sockets and a server that the test plays. */
function linked(access = {}) {
  const { made, FakeSocket } = sockets();
  const time = new Time();
  const told = [];
  const events = [];
  const link = new Link({
    server: "https://rid.example",
    access: {
      enter: async () => ({ rights: [], ticket: "T" }),
      check: async () => undefined,
      nextAfter: async (cursor) => ({ event: null, cursor }),
      ...access,
    },
    filter: { types: "hint.*", agent: "1001" },
    onEvent: (event) => events.push(event),
    onState: (state) => told.push(state),
    WebSocket: FakeSocket,
    timers: time.timers,
    random: () => 0.5,
  });
  return { link, made, told, events, time };
}

async function opened(kit) {
  kit.link.start();
  await kit.time.pass(0);
  kit.made.at(-1).onopen();
}

export const tests = {
  "the address has a cursor and filters, and never a ticket"() {
    const url = new URL(addressOf("https://rid.example/base", { types: "hint.*" }, 42));
    equal([url.protocol, url.pathname], ["wss:", "/base/v1/events"]);
    equal([...url.searchParams.keys()], ["types", "after"]);
  },

  "pauses double, with jitter, and have an end"() {
    equal(pauseBefore(0, () => 1), TIMES.firstPause);
    equal(pauseBefore(3, () => 0), TIMES.firstPause * 4);
    equal(pauseBefore(99, () => 1), TIMES.longestPause);
  },

  async "the ticket is the first message"() {
    const kit = linked();
    await opened(kit);
    kit.link.stop();
    equal(kit.made[0].sent, ['{"ticket":"T"}']);
  },

  async "after a break it comes back by itself and goes on after the last event"() {
    const kit = linked();
    await opened(kit);
    const event = { ...new Call().started(), cursor: 77 };
    kit.made[0].onmessage({ data: JSON.stringify(event) });
    kit.made[0].onclose({ code: 1006 });
    await kit.time.pass(TIMES.firstPause);
    kit.made.at(-1).onopen();
    kit.link.stop();
    equal(kit.told, ["connecting", "live", "lost", "live", "off"]);
    equal(new URL(kit.made.at(-1).url).searchParams.get("after"), "77");
  },

  async "a refusal is told as such"() {
    const refused = async () => {
      throw new RefusedError("no");
    };
    const kit = linked({ enter: refused });
    kit.link.start();
    await kit.time.pass(0);
    kit.link.stop();
    equal(kit.told, ["connecting", "refused", "off"]);
  },

  async "a socket that stays silent while the server has news is stale"() {
    const news = { cursor: 80 };
    const kit = linked({ nextAfter: async () => ({ event: news, cursor: 80 }) });
    await opened(kit);
    kit.made[0].onmessage({ data: JSON.stringify({ ...new Call().started(), cursor: 77 }) });
    await kit.time.pass(TIMES.quiet + TIMES.grace);
    const told = [...kit.told];
    kit.link.stop();
    equal(told.slice(0, 3), ["connecting", "live", "stale"]);
    equal(kit.made[0].closed, true);
  },

  async "a silent socket of a silent call is left alone"() {
    const kit = linked();
    await opened(kit);
    await kit.time.pass(TIMES.quiet * 3);
    const told = [...kit.told];
    kit.link.stop();
    equal(told, ["connecting", "live"]);
  },

  async "a server that does not answer is stale"() {
    const kit = linked({
      check: async () => {
        throw new TypeError("network");
      },
    });
    await opened(kit);
    await kit.time.pass(TIMES.quiet + TIMES.grace);
    const told = [...kit.told];
    kit.link.stop();
    equal(told[2], "stale");
  },

  async "a feed whose store was replaced is read from its beginning"() {
    const kit = linked();
    await opened(kit);
    kit.made[0].onmessage({ data: JSON.stringify({ ...new Call().started(), cursor: 77 }) });
    kit.made[0].onclose({ code: 4400 });
    await kit.time.pass(TIMES.firstPause);
    kit.link.stop();
    equal(new URL(kit.made.at(-1).url).searchParams.has("after"), false);
  },

  async "a message that is no event is passed over"() {
    const kit = linked();
    await opened(kit);
    for (const data of ["", "[]", "null", '{"type": 1}']) kit.made[0].onmessage({ data });
    kit.link.stop();
    equal(kit.events.length, 0);
  },
};
