"""The words of roster files: headers, kinds, stages, roles, yes and no, in every spelling we accept."""

import enum
from collections.abc import Mapping

from bot.roster import sheets
from bot.roster.access import Role


class Kind(enum.StrEnum):
    """What a unit is; the values are those of the files and of the tables."""

    CITY = "city"
    OFFICE = "office"
    COUNTY = "county"
    SCHOOL = "school"
    COLLEGE = "college"


KINDS: Mapping[Kind, tuple[str, ...]] = {  # the first word is the one we write
    Kind.CITY: ("市局", "市", "市级", "市教育局", "市教体局", "市教育和体育局"),
    Kind.OFFICE: ("处室", "科室", "机关处室", "市局处室", "事业单位", "直属单位"),
    Kind.COUNTY: (
        "县局", "区县", "县区", "县", "区", "区局", "市区", "县市区", "县教育局", "区教育局",
        "县教体局", "区教体局", "县级", "县(市、区)",
    ),
    Kind.SCHOOL: ("学校", "中小学", "中小学校", "公办学校", "民办学校", "中心校", "教学点", "校"),
    Kind.COLLEGE: ("高校", "市属高校", "高等学校", "高等院校", "大学", "学院"),
}  # fmt: skip

PARENT_KINDS: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.CITY: (),
    Kind.OFFICE: (Kind.CITY,),
    Kind.COUNTY: (Kind.CITY,),
    Kind.SCHOOL: (Kind.COUNTY, Kind.CITY, Kind.SCHOOL),  # a school under a 中心校 is its 教学点
    Kind.COLLEGE: (Kind.CITY,),
}

STAGES: Mapping[str, tuple[str, ...]] = {
    "幼儿园": ("学前", "学前教育", "幼儿", "托幼"),
    "小学": ("完小", "完全小学", "小学教学点"),
    "初中": ("初级中学", "普通初中"),
    "高中": ("普通高中", "高级中学", "普高"),
    "九年一贯": ("九年一贯制", "九年一贯制学校", "九年制", "九年制学校"),
    "完全中学": ("完中",),
    "中职": ("中等职业", "中等职业学校", "中专", "职高", "职业高中", "技校"),
    "特教": ("特殊教育", "特殊教育学校", "特校"),
    "高校": ("高等学校", "高等院校", "大学", "学院", "大专", "高职"),
}

OWNERSHIPS: Mapping[str, tuple[str, ...]] = {
    "公办": ("公立", "国办", "公办园", "公办学校", "public"),
    "民办": ("私立", "民办公助", "民办园", "民办学校", "普惠民办", "普惠性民办", "private"),
}

ROLES: Mapping[Role, tuple[str, ...]] = {
    Role.PRINCIPAL: ("校长", "园长", "院长", "书记", "书记校长", "书记兼校长", "校长兼书记", "负责人"),
    Role.DEPUTY: (
        "副校长", "副园长", "副院长", "副书记", "安全副校长", "分管副校长", "分管安全副校长",
        "分管安全", "分管领导",
    ),
    Role.SAFETY_OFFICER: ("安全专干", "安全员", "安全主任", "安全干事", "安全办主任", "填报人", "联络员"),
    Role.DUTY: ("值班员", "值班", "值班人员", "值班室"),
    Role.COUNTY_OFFICER: ("县局专员", "区县专员", "县区专员", "区局专员", "县局联系人", "安全股股长"),
    Role.CITY_OFFICER: ("市局专员", "市局联系人", "处室专员", "处室联系人"),
    Role.LEADER: ("领导", "局领导", "局长", "副局长", "市局领导", "分管局长"),
    Role.INSPECTOR: ("督导", "督学", "督导员", "督导组", "责任督学"),
    Role.ADMIN: ("管理员", "系统管理员"),
}  # fmt: skip

ROLE_KINDS: Mapping[
    Role, tuple[Kind, ...]
] = {  # where a role can be; a wrong one would hand out wrong rights
    Role.PRINCIPAL: (Kind.SCHOOL, Kind.COLLEGE),
    Role.DEPUTY: (Kind.SCHOOL, Kind.COLLEGE),
    Role.SAFETY_OFFICER: tuple(Kind),
    Role.DUTY: tuple(Kind),
    Role.COUNTY_OFFICER: (Kind.COUNTY,),
    Role.CITY_OFFICER: (Kind.CITY, Kind.OFFICE),
    Role.LEADER: (Kind.CITY, Kind.OFFICE, Kind.COUNTY),
    Role.INSPECTOR: (Kind.CITY, Kind.OFFICE, Kind.COUNTY),
    Role.ADMIN: (Kind.CITY, Kind.OFFICE, Kind.COUNTY),
}

YES = ("是", "有", "1", "y", "yes", "true", "t", "√", "✓", "✔", "对", "■", "☑")
NO = ("否", "无", "0", "n", "no", "false", "f", "×", "✗", "x", "没有", "不是", "空", "□", "☐")
NOTHING = frozenset(("", "无", "-", "--", "—", "——", "/", "\\", "空", "暂无", "没有", "n/a", "none", "null"))
TOTALS = frozenset(("合计", "总计", "小计", "共计", "total"))
UNREAD_WITHOUT_A_WORD = frozenset(("", "序号", "编号", "备注", "说明", "no.", "no", "#"))

# field → headers, the best first; the English field name is accepted everywhere
UNITS = sheets.Layout(
    title="单位",
    headers={
        "code": ("编码", "单位编码", "单位代码", "学校代码", "学校编码", "代码", "学校标识码", "编号"),
        "name": ("名称", "单位名称", "学校名称", "单位全称", "学校全称", "校名", "单位", "学校"),
        "kind": ("类型", "单位类别", "单位类型", "类别"),
        "parent": (
            "上级单位", "主管单位", "上级单位编码", "上级编码", "上级", "主管部门", "所属县区", "所属区县",
            "所属县", "县区", "区县", "县市区",
        ),
        "stage": ("学段", "办学学段", "学校类型", "学校类别", "办学类型"),
        "ownership": ("办学性质", "性质", "举办性质", "公办民办", "公民办"),
        "boarding": ("寄宿", "是否寄宿", "寄宿制", "是否寄宿制", "住宿", "是否住宿"),
        "school_bus": ("校车", "是否有校车", "有无校车", "有校车"),
        "canteen": ("食堂", "是否有食堂", "有无食堂", "有食堂"),
        "waterside": ("临水", "是否临水", "临近水域"),
        "students": ("学生数", "在校生数", "学生人数", "在校学生数", "在校生", "在校生人数"),
        "staff": ("教职工数", "教职工人数", "教职工"),
        "phone": ("值班电话", "值班座机", "值班室电话", "固定电话", "办公电话", "联系电话", "电话"),
        "tags": ("标签", "标记"),
    },
    required=(("code",), ("name",), ("kind", "stage"), ("parent",)),
)  # fmt: skip

_PHONES = ("手机号", "手机", "手机号码", "联系电话", "移动电话", "电话", "电话号码", "联系方式")
_WIDE = {  # 学校名称 | 校长 | 联系电话 | 安全专干 | 安全专干手机: one line per school, several people in it
    f"{role}_{part}": tuple(f"{word}{ending}" for word in words for ending in endings)
    for role, words in ROLES.items()
    for part, endings in (("name", ("", "姓名", "名字")), ("phone", _PHONES))
}

CONTACTS = sheets.Layout(
    title="联系人",
    headers={
        "unit": ("单位", "所属单位", "单位名称", "学校名称", "学校", "单位全称", "学校全称", "校名", "名称"),
        "name": ("姓名", "联系人", "联系人姓名", "名字"),
        "role": ("职务", "岗位", "角色", "身份", "职位"),
        "phone": _PHONES,
        "unit_code": ("单位编码", "单位代码", "学校代码", "学校编码", "编码", "代码", "学校标识码", "code"),
        "parent": ("上级单位", "主管单位", "所属县区", "所属区县", "所属县", "县区", "区县", "县市区", "县"),
    },
    required=(("unit", "unit_code"), ("name", *(f"{role}_name" for role in ROLES))),
    also=_WIDE,
)  # fmt: skip

_KINDS_BY_WORD = {sheets.fold(word): kind for kind, words in KINDS.items() for word in (kind, *words)}
_STAGES_BY_WORD = {sheets.fold(word): stage for stage, words in STAGES.items() for word in (stage, *words)}
_OWNERSHIPS_BY_WORD = {sheets.fold(word): one for one, words in OWNERSHIPS.items() for word in (one, *words)}
_ROLES_BY_WORD = {sheets.fold(word): role for role, words in ROLES.items() for word in (role, *words)}
_YES_BY_WORD = {sheets.fold(word): word in YES for word in (*YES, *NO)}


def is_nothing(text: str) -> bool:
    """Whether the cell only says that there is nothing to say: empty, 无, -, /."""
    return sheets.fold(text) in NOTHING


def kind_of(text: str) -> Kind | None:
    """The kind a word names; a stage names a school (or, 高校, a college)."""
    if kind := _KINDS_BY_WORD.get(sheets.fold(text)):
        return kind
    return Kind.SCHOOL if stage_of(text) else None


def stage_of(text: str) -> str | None:
    """The stage a word names."""
    return _STAGES_BY_WORD.get(sheets.fold(text))


def ownership_of(text: str) -> str | None:
    """公办 or 民办."""
    return _OWNERSHIPS_BY_WORD.get(sheets.fold(text))


def role_of(text: str) -> Role | None:
    """The role a word names."""
    return _ROLES_BY_WORD.get(sheets.fold(text))


def role_name(role: Role) -> str:
    """The Chinese name of a role."""
    return ROLES[role][0]


def kind_name(kind: Kind) -> str:
    """The Chinese name of a kind."""
    return KINDS[kind][0]


def yes_of(text: str) -> bool | None:
    """True for yes, False for no, None for neither; nothing is no."""
    return False if is_nothing(text) else _YES_BY_WORD.get(sheets.fold(text))
