/**
 * Names of labels in Chinese and English: a copy of these groups of `data/labels.yaml`, which a
 * test compares. The object is JSON.
 */

export const LABELS = {
  "priority": {
    "1": ["警示", "alert"],
    "2": ["合规", "compliance"],
    "3": ["异议", "objection"],
    "4": ["机会", "opportunity"],
    "5": ["指导", "guidance"],
    "6": ["信息", "information"]
  },
  "stage": {
    "stranger": ["陌生", "stranger"],
    "contact": ["接触", "contact"],
    "rapport": ["建立", "rapport"],
    "trust": ["信任", "trust"],
    "partner": ["伙伴", "partner"]
  },
  "gate": {
    "greet": ["先建立关系", "build rapport first"],
    "probe": ["可了解需求", "may probe needs"],
    "present": ["可介绍产品", "may present products"],
    "close": ["可推进成交", "may propose and close"]
  },
  "style": {
    "tiger": ["老虎型", "tiger"],
    "peacock": ["孔雀型", "peacock"],
    "koala": ["考拉型", "koala"],
    "owl": ["猫头鹰型", "owl"],
    "chameleon": ["变色龙型", "chameleon"]
  },
  "emotion": {
    "neutral": ["平静", "neutral"],
    "pleased": ["愉快", "pleased"],
    "anxious": ["焦虑", "anxious"],
    "impatient": ["不耐烦", "impatient"],
    "angry": ["愤怒", "angry"],
    "disappointed": ["失望", "disappointed"]
  },
  "state": {
    "engaged": ["投入", "engaged"],
    "neutral": ["平常", "neutral"],
    "hesitant": ["犹豫", "hesitant"],
    "resistant": ["抗拒", "resistant"],
    "dissatisfied": ["不满", "dissatisfied"],
    "angry": ["愤怒", "angry"]
  },
  "compliance": {
    "guarantee": ["承诺保本保收益", "promise of principal or return"],
    "deposit_confusion": ["混淆存款", "confusion with a deposit"],
    "exaggeration": ["夸大宣传", "exaggeration"],
    "pressure": ["施压催促", "pressure"],
    "unsuitable": ["不适当推荐", "unsuitable product"],
    "privacy_breach": ["侵犯隐私", "breach of privacy"],
    "disparagement": ["贬低同业", "running down competitors"],
    "no_consent": ["拒绝后继续推销", "selling on after a refusal"],
    "insider": ["内幕或断言行情", "insider claim"],
    "past_as_future": ["以历史业绩作承诺", "past yield as promise"],
    "omission": ["必说未说", "must-say left out"]
  },
  "alert": {
    "anger": ["客户愤怒", "anger"],
    "complaint_threat": ["投诉威胁", "threat of a complaint"],
    "do_not_call": ["要求勿扰", "do not call"],
    "violation": ["坐席违规", "violation"]
  },
  "outcome": {
    "purchase": ["购买", "purchase"],
    "appointment": ["预约", "appointment"],
    "callback": ["约定回访", "callback"],
    "interested_no_commitment": ["有意向未承诺", "interested"],
    "refused": ["拒绝", "refused"],
    "complaint": ["投诉", "complaint"],
    "hung_up": ["挂断", "hung up"]
  },
  "role": {
    "agent": ["坐席", "agent"],
    "customer": ["客户", "customer"]
  },
  "follow_up": {
    "callback_time": ["回访时间", "call back"],
    "promised_material": ["承诺的资料", "promised material"],
    "appointment": ["预约", "appointment"]
  }
};
