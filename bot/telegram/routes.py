"""The whole routing table: what comes in, and which handler it goes to."""

from collections.abc import Callable

from telegram.ext import CallbackQueryHandler, ChatMemberHandler, CommandHandler, MessageHandler, filters

from bot.composing import opinions, origins, sending
from bot.composing import place as drafts
from bot.composing.rules import House, usual
from bot.notices.directive_cards import DirectiveCards
from bot.notices.trouble_messages import TroubleMessages
from bot.plans.book import Book
from bot.plans.pages import PlanPages
from bot.plans.report_pages import ReportPages
from bot.plans.school_days import SchoolDays
from bot.summaries import burden_pages as burden
from bot.summaries import handling as notices
from bot.summaries import notice_list, unit_place
from bot.summaries.pages import Pages
from bot.summaries.picking import Picking
from bot.summaries.unit_codes import UnitCodes
from bot.summaries.unit_pages import UnitPages
from bot.telegram.context import Application
from bot.telegram.handlers.answering import Answering
from bot.telegram.handlers.burdens import Burdening
from bot.telegram.handlers.carrying import Carrying
from bot.telegram.handlers.composing import Composing
from bot.telegram.handlers.desk import Desk
from bot.telegram.handlers.directives import Directives
from bot.telegram.handlers.directory import Directory
from bot.telegram.handlers.enrolment import POSTS, Enrolling
from bot.telegram.handlers.handling import Handlings
from bot.telegram.handlers.planning import Planning
from bot.telegram.handlers.reports import Reporting
from bot.telegram.handlers.schooldays import SchoolDaysInChat
from bot.telegram.handlers.talk import OWED, Talking
from bot.texts import Words

NEW = filters.UpdateType.MESSAGE  # an edited message is no new command


def add(
    application: Application, words: Words, phones: str, book: Callable[[], Book], house: House = usual
) -> None:
    """Every handler, in the order in which they are asked."""
    answering, enrolling = Answering(words), Enrolling(words)
    directives = Directives(words, answering, DirectiveCards(words))
    handlings = Handlings(words, notices.Handling(words, origins.of))
    pages = Pages(words, phones)
    desk = Desk(words, pages, Picking(words), TroubleMessages(words, phones))
    carrying = Carrying(words, pages)
    planning, days = Planning(words, PlanPages(book), house), SchoolDaysInChat(words, SchoolDays(book))
    units = UnitPages(words, phones)
    reporting, directory = Reporting(words, ReportPages(book)), Directory(words, units, UnitCodes(units))
    composing = Composing(words, sending.desks(words, house, lambda: book().calendars, lambda: book().quiet))
    burdens = Burdening(words, burden.Burdens(words, lambda: house().asks_a_week))
    talking = Talking(
        words, enrolling, answering, desk, carrying, planning, days, reporting, composing, handlings, directory
    )  # fmt: skip

    buttons = {
        "yes": answering.press, "trouble": answering.press, "say": answering.press, "all": answering.press,
        "look": answering.look,
        "ack": directives.acknowledge, "items": directives.ask, "it-yes": directives.item, "it-bad": directives.item,
        "it-rest": directives.rest, "it-page": directives.turn, "file": directives.file, "full": directives.full,
        notices.OPEN: handlings.open, notices.ITEMS: handlings.items, notices.LEFT: handlings.left,
        notices.RECALL_ASK: handlings.recall_ask, notices.RECALL: handlings.recall,
        notices.WORD: handlings.which, notices.TYPE: handlings.type, notices.SURE: handlings.sure,
        "t-theme": answering.trouble_theme, "t-need": answering.trouble_need, "t-enough": answering.trouble_enough,
        "t-reword": answering.trouble_reword, "t-solved": answering.trouble_solved, "t-wrong": answering.trouble_wrong,
        "t-step": desk.trouble_step, "t-phone": desk.trouble_phone,
        "is-me": enrolling.is_me, "not-me": enrolling.not_me, "no-count": enrolling.not_counted,
        "handover": enrolling.hand_over_this, "bind": enrolling.agree,
        "page": desk.page, "phones": desk.numbers, notice_list.LIST: desk.every,
        "xlsx": carrying.excel, "picture": carrying.picture,
        "export": carrying.export, "export-own": carrying.own_dates, "heat": carrying.heat,
        "pick": desk.pick, "tick": desk.tick, "sure": desk.sure, "why": desk.why,
        "behalf": desk.behalf, "excuse": desk.excuse, "rang": desk.rang,
        "chase": desk.chase_ask, "chase!": desk.chase,
        "fire-go": planning.decide, "fire-no": planning.decide,
        "plans": planning.list, "plan": planning.one, "plan-on": planning.switch, "plan-off": planning.switch,
        "plan-run": planning.run_ask, "plan-run!": planning.run, "plan-ahead": planning.ahead,
        unit_place.LIST: directory.list, unit_place.UNIT: directory.one, unit_place.NUMBERS: directory.numbers,
        unit_place.PAST: directory.past, unit_place.INVITE: directory.invite_page, unit_place.CODE: directory.code,
        unit_place.SLIPS: directory.slips, OWED: talking.owed, POSTS: enrolling.hand_over_page,
        "today": reporting.today, "fire": reporting.fire, "hands": reporting.hands,
        burden.MONTH: burdens.month, burden.OVER: burdens.over, burden.EXCEL: burdens.excel,
        "days": days.page, "off-whom": days.whom, "off-ask": days.ask, "off": days.close, "off-back": days.take_back,
        **dict.fromkeys(drafts.OWN, composing.press), drafts.AGAIN: composing.again, drafts.REVISE: composing.revise,
        drafts.LOOK: composing.look,
        drafts.AGREE: composing.agree, drafts.REFUSE: composing.refuse, opinions.BUTTON: composing.opinion,
    }  # fmt: skip
    commands = {
        "start": enrolling.start, "me": enrolling.me, "handover": enrolling.hand_over, "pilot": enrolling.pilot,
        "help": talking.help, "cancel": talking.cancel, "todo": talking.todo, "report": talking.report,
        "summary": desk.summary, "missing": desk.missing, "chase": desk.chase_command,
        "export": carrying.command,
        "plans": planning.plans, "calendar": days.calendar, "send": composing.send, "burden": burdens.command,
        "units": directory.units, "invite": directory.invite,
    }  # fmt: skip
    for action, handler in buttons.items():
        application.add_handler(CallbackQueryHandler(handler, pattern=rf"^v1:\d+:\d+:{action}(:|$)"))
    application.add_handler(CallbackQueryHandler(answering.unknown))
    for command, handler in commands.items():
        application.add_handler(CommandHandler(command, handler, filters=NEW))
    application.add_handler(ChatMemberHandler(enrolling.membership, ChatMemberHandler.MY_CHAT_MEMBER))
    application.add_handler(MessageHandler(NEW & filters.StatusUpdate.MIGRATE, enrolling.migrated))
    private = NEW & filters.ChatType.PRIVATE
    application.add_handler(MessageHandler(private & filters.CONTACT, enrolling.phone))
    application.add_handler(MessageHandler(private & filters.Regex(r"^\s*负担\s*$"), burdens.command))
    application.add_handler(MessageHandler(private & filters.TEXT & ~filters.COMMAND, talking.text))
    application.add_handler(
        MessageHandler(private & ~filters.COMMAND & ~filters.StatusUpdate.ALL, talking.file)
    )
    application.add_handler(MessageHandler(private & filters.COMMAND, talking.help))
    application.add_handler(
        MessageHandler(NEW & filters.ChatType.GROUPS & filters.TEXT & ~filters.COMMAND, talking.group_typed)
    )
