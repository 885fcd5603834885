"""A recognition that is done after the replay was stopped."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

from rid_telephony.pipeline.parts import Recogniser
from rid_telephony.pipeline.replay import Deliver, replay_paced
from rid_telephony.pipeline.switchboard import SessionMaker
from rid_telephony.speech.messages import SpeechSegment, Transcript


class NoRecogniser:
    def submit(self, segment: SpeechSegment) -> Future[Transcript]:
        raise AssertionError(segment)

    def cancel(self, utterance_id: str) -> None:
        raise AssertionError(utterance_id)


def test_a_result_that_comes_after_the_end_is_dropped_without_a_traceback() -> None:
    """It raised in the recogniser's thread, and Ctrl-C left a traceback on the screen."""
    delivered: list[Deliver] = []
    ran: list[bool] = []

    def make_maker(_recogniser: Recogniser, deliver: Deliver) -> SessionMaker:
        delivered.append(deliver)
        return lambda _started, _clock: (_ for _ in ()).throw(AssertionError)

    asyncio.run(replay_paced([], NoRecogniser(), make_maker))
    delivered[0](lambda: ran.append(True))
    assert ran == []
