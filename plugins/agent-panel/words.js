/** What the panel says, in Chinese and English. What comes with an event stays as it comes. */

import { LABELS } from "./labels.js";

const TEXTS = {
  panel: ["话术提示", "Coaching hints"],
  stage: ["当前提示", "Current hint"],
  hint: ["提示内容", "Hint text"],
  signs: ["客户状态", "The customer now"],
  connecting: ["正在连接", "Connecting"],
  waiting: ["等待通话", "Waiting for a call"],
  waiting_more: ["接通后，提示会出现在这里。", "Hints appear here once a call is up."],
  ringing: ["呼叫中", "Ringing"],
  talking: ["通话中", "In call"],
  held: ["通话保持中", "On hold"],
  moved: ["通话已转出", "Transferred"],
  ended: ["通话已结束", "Call ended"],
  listening: ["正在倾听", "Listening"],
  listening_more: ["有把握时才给提示。", "A hint comes when there is good reason."],
  no_analysis: ["本通话没有提示", "No hints in this call"],
  no_analysis_more: [
    "分析已停止，请照常通话。",
    "The analysis has stopped. Carry on with the call as usual.",
  ],
  stale: ["没有回应，正在重连", "No answer"],
  lost: ["连接中断，正在重连", "Offline"],
  refused: ["登录已失效", "Signed out"],
  link_advice: ["请照常通话，提示会自动恢复", "Carry on as usual"],
  refused_advice: ["请照常通话，并重新登录", "Carry on, then sign in"],
  reconnect: ["重连", "Reconnect"],
  may_be_old: ["可能已过时", "may be out of date"],
  restored: ["连接已恢复", "Connected again"],
  past: ["已过去：{why}", "Past: {why}"],
  past_ttl: ["时间到", "time is up"],
  past_replaced: ["已有新提示", "replaced"],
  past_overtaken: ["已不需要", "no longer needed"],
  past_call_ended: ["通话结束", "call over"],
  used: ["用上了", "Used"],
  useful: ["有用", "Useful"],
  wrong: ["不对", "Wrong"],
  feedback: ["这条提示怎么样", "How was this hint"],
  recorded: ["已记录：{verdict}", "Recorded: {verdict}"],
  too_late: ["已不能再评价", "Too late to say so"],
  not_recorded: ["没有送达，请再点一次", "Not delivered, please try again"],
  why: ["依据", "Why"],
  because: ["为什么这样提示", "Why this hint"],
  sure: ["把握 {percent}%", "{percent}% sure"],
  transcript: ["文字", "Transcript"],
  transcript_empty: ["还没有人说话。", "Nobody has spoken yet."],
  noted: ["知道了", "Got it"],
  more_alerts: ["另有 {count} 条", "{count} more"],
  compliance_alarm: ["合规提醒：{label}", "Compliance: {label}"],
  supervisor_alarm: ["请注意：{label}", "Attention: {label}"],
  you_said: ["您刚才说「{quote}」", "You said “{quote}”"],
  say_instead: ["请改说", "Say instead"],
  say_still: ["请补说", "Please still say"],
  reference: ["依据：{reference}", "Rule: {reference}"],
  relationship: ["关系", "Relationship"],
  style: ["沟通风格", "Style"],
  emotion: ["情绪", "Emotion"],
  intent: ["购买意愿", "Intent to buy"],
  unknown: ["尚不确定", "not known yet"],
  up: ["上升", "rising"],
  down: ["下降", "falling"],
  steady: ["平稳", "steady"],
  out_of: ["满分 100", "out of 100"],
  aside: ["，{text}", ", {text}"],
  overall: ["整体{state}", "Overall {state}"],
  outcome: ["结果：{outcome}", "Outcome: {outcome}"],
  summary: ["通话小结", "After the call"],
  degraded_one_leg_only: ["只听到一方，提示会变少", "Only one side is heard: fewer hints"],
  degraded_no_audio: ["只听到一方，提示会变少", "Only one side is heard: fewer hints"],
  degraded_packet_loss: ["线路不稳，可能漏听", "Poor line: words may be missed"],
  degraded_queue_full: ["系统繁忙，可能漏听", "Busy: words may be missed"],
  degraded_partials_shed: ["系统繁忙，提示稍慢", "Busy: hints come a little later"],
  degraded_failed: ["分析已停止，请照常通话", "Analysis stopped, carry on as usual"],
};

/** `zh` or `en`, from a BCP 47 tag; Chinese where it is neither. */
export function languageOf(tag) {
  return /^en\b/i.test(tag ?? "") ? "en" : "zh";
}

/** Looks texts and labels up in one language. */
export class Words {
  /** @param {"zh"|"en"} language */
  constructor(language) {
    this.language = language;
    this._index = language === "en" ? 1 : 0;
  }

  /** A text of the panel; `{name}` is replaced by the value of that name. */
  say(key, values = {}) {
    const text = TEXTS[key][this._index];
    return text.replace(/\{(\w+)\}/g, (_whole, name) => String(values[name] ?? ""));
  }

  /** Whether the panel has a text of that name. */
  has(key) {
    return Object.hasOwn(TEXTS, key);
  }

  /** The name of a label; the label itself where it has none. */
  name(group, label) {
    return capital(this.plain(group, label));
  }

  /** The same for the middle of a sentence. */
  plain(group, label) {
    const names = LABELS[group];
    return Object.hasOwn(names, label) ? names[label][this._index] : String(label);
  }
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
