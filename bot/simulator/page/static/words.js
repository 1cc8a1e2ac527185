// Every word of the page's own, in both languages. What is said in the chats is the bot's and stays as it is.

const WORDS = {
  zh: {
    tagline: "模拟的 Telegram:只在这台电脑上,不连外网",
    skip: "跳到手机",
    tabs: "选一台手机",
    panel: "试一试",
    tryThis: "试一试",
    story: "刚才",
    preparing: "正在准备这座城市,几秒钟就好…",
    lost: "和演示断开了,正在重连…",
    other: "English",
    otherLabel: "Switch the page to English",
    theme: "深色或浅色",
    person: "谁的手机",
    chats: "聊天列表",
    back: "回到聊天",
    messages: "消息",
    members: (n) => `${n} 人`,
    bot: "机器人",
    start: "开始",
    write: "写消息",
    send: "发送",
    attach: "发文件或照片",
    commands: "命令菜单",
    keyboard: "快捷按钮",
    reply: "回复",
    replyTo: (name) => `回复 ${name}`,
    cancel: "取消",
    close: "好",
    edited: "已编辑",
    copied: "已复制",
    copy: (text) => `复制“${text}”`,
    silentAnswer: "机器人没有回应,请再试一次。",
    cannot: "现在做不了这一步。",
    away: "没连上演示,请稍等。",
    download: (name, size) => `下载 ${name}(${size})`,
    photo: "照片",
    voice: (s) => `语音 ${s} 秒`,
    unread: (n) => `${n} 条未读`,
    newBelow: (n) => `↓ ${n} 条新消息`,
    bottom: "↓ 最新",
    chooseGroup: "加到哪个群?",
    noGroup: "您不在任何群里。",
    done: "完成",
    todo: "还没做",
    empty: "还没有消息",
    doing: "正在进行…",
    service: {
      new_chat_members: (who, name) => `${name} 加入了`,
      left_chat_member: (who, name) => `${name} 离开了`,
      new_chat_title: (who, name) => `群名改为“${name}”`,
      pinned_message: (who) => `${who} 置顶了一条消息`,
      other: () => "群里有变动",
    },
  },
  en: {
    tagline: "A pretend Telegram: on this machine only, nothing leaves it",
    skip: "Skip to the phones",
    tabs: "Choose a phone",
    panel: "Try this",
    tryThis: "Try this",
    story: "Just now",
    preparing: "Preparing the city, a few seconds…",
    lost: "The demo is away, trying again…",
    other: "中文",
    otherLabel: "把页面换成中文",
    theme: "Dark or light",
    person: "Whose phone",
    chats: "Chats",
    back: "Back to the chat",
    messages: "Messages",
    members: (n) => `${n} members`,
    bot: "bot",
    start: "START",
    write: "Message",
    send: "Send",
    attach: "Send a file or photo",
    commands: "Menu of commands",
    keyboard: "Quick buttons",
    reply: "Reply",
    replyTo: (name) => `Reply to ${name}`,
    cancel: "Cancel",
    close: "OK",
    edited: "edited",
    copied: "Copied",
    copy: (text) => `Copy “${text}”`,
    silentAnswer: "The bot did not answer; please try again.",
    cannot: "This cannot be done now.",
    away: "The demo cannot be reached; one moment.",
    download: (name, size) => `Download ${name} (${size})`,
    photo: "Photo",
    voice: (s) => `Voice message, ${s} s`,
    unread: (n) => `${n} unread`,
    newBelow: (n) => `↓ ${n} new`,
    bottom: "↓ latest",
    chooseGroup: "Add to which group?",
    noGroup: "You are in no group.",
    done: "done",
    todo: "to do",
    empty: "No messages yet",
    doing: "Working…",
    service: {
      new_chat_members: (who, name) => `${name} joined`,
      left_chat_member: (who, name) => `${name} left`,
      new_chat_title: (who, name) => `The group is now called “${name}”`,
      pinned_message: (who) => `${who} pinned a message`,
      other: () => "Something changed in the group",
    },
  },
};

const listeners = new Set();
let language = chosen();

function chosen() {
  const asked = new URLSearchParams(location.search).get("lang") ?? remembered("lang");
  return asked === "en" ? "en" : "zh";
}

/** A choice of this browser, or null; a browser that remembers nothing is fine. */
export function remembered(name) {
  try {
    return localStorage.getItem(`xiaoan.${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`xiaoan.${name}`, value);
  } catch {
    // a private window: the choice lasts as long as the page
  }
}

export const lang = () => language;

/** The page's word of this name; words with a gap are given what stands in it. */
export function word(name, ...given) {
  const found = WORDS[language][name];
  return typeof found === "function" ? found(...given) : found;
}

/** Words that came in both languages. */
export const both = (words) => (words ? words[language] : "");

export function service(what, who, name) {
  const words = WORDS[language].service;
  return (words[what] ?? words.other)(who, name);
}

/** Be told when the language changes; told once at once. */
export function onLanguage(listener) {
  listeners.add(listener);
  listener();
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  remember("lang", language);
  for (const listener of listeners) listener();
}

/** 9月30日(周三), or Wed 30 Sep. */
export function day(local) {
  const date = new Date(`${local.slice(0, 10)}T00:00:00`);
  if (language === "zh") {
    return `${date.getMonth() + 1}月${date.getDate()}日(周${"日一二三四五六"[date.getDay()]})`;
  }
  return date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" });
}

export function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : bytes < 1 << 20 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / (1 << 20)).toFixed(1)} MB`;
}
