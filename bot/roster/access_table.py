"""The table of rights as people read it; `xiaoan access` prints it for an auditor."""

from bot.roster import access, people
from bot.roster.access import Action, Reach, Role

ACTIONS = {
    Action.ANSWER: "替本单位报",
    Action.SOLVE_OWN: "本单位的困难标为已解决",
    Action.HAND_OVER: "把自己的职务交给接任的人",
    Action.BIND_GROUP: "绑定群",
    Action.SEE_TABLE: "看汇总数字",
    Action.SEE_NAMES: "看学校名单、单位页和困难",
    Action.SEE_PHONES: "看联系电话",
    Action.HANDLE_TROUBLE: "困难:已看到、已电话、已解决",
    Action.ON_BEHALF: "代报",
    Action.EXCUSE: "免报",
    Action.MARK_PHONED: "标记已电话",
    Action.CHASE: "再提醒没回复的",
    Action.EXPORT: "按日期导出 Excel",
    Action.INVITE: "发登记码(自己没有的权不能发出去)",
    Action.PILOT: "设试点群",
    Action.SEE_PLANS: "看计划和校历",
    Action.RUN_PLANS: "启用、暂停、发计划,定错过的和暂定的",
    Action.DAY_OFF: "登记今天停课",
    Action.REVISE: "更正、撤回通知",
    Action.SEND: "写通知发给学校",
    Action.RELEASE: "同意别人要发的通知(不是自己写的)",
    Action.SEE_BURDEN: "看每月问了学校多少次",
}
REACHES = {Reach.NO: "—", Reach.OWN: "本单位", Reach.AREA: "辖区"}


def lines() -> list[str]:
    """One block a role: what it may do, and how far."""
    found = [
        "辖区:县局职务为本县,市局和处室职务为全市。没有写出的一律不能做。没登记的人什么都不能做,也看不到任何名单。"
    ]
    for role in Role:
        found.append("")
        found.append(f"{people.POSTS[role]}({role.value})")
        for action in Action:
            how_far = access.reach(role, action)
            if how_far is not Reach.NO:
                found.append(f"  {REACHES[how_far]:<4} {ACTIONS[action]}({action.value})")
    return found
