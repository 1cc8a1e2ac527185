"""The names of the pretend city: places that are on no map, people who are obviously nobody."""

CITY = "云川市教育局"
OFFICES = (
    ("OFFICE-SAFETY", "安全处"),
    ("OFFICE-HEALTH", "体卫处"),
    ("OFFICE-BASIC", "基教处"),
    ("OFFICE-GENERAL", "办公室"),
)
COUNTIES = (
    ("DH", "大河县"), ("HD", "河东区"), ("QS", "青山县"), ("SY", "山阳市"), ("WH", "卫河县"),
    ("LC", "临川县"), ("CS", "磁石县"), ("YL", "云岭县"), ("QQ", "清泉县"), ("LW", "柳湾县"),
    ("SQ", "石桥县"), ("BT", "白塔县"), ("WU", "望湖区"), ("SP", "松坪县"), ("JM", "金麦县"),
    ("HF", "红枫县"), ("NP", "南坡县"), ("MX", "梅溪县"), ("XQ", "星桥区"), ("BY", "北塬县"),
)  # fmt: skip
MOUNTAINS = frozenset(("QS", "CS", "YL", "SP", "HF", "BY"))

_TOWN_FIRST = "金银石柳杨桃梨白青红清沙龙凤马牛羊鹤松柏竹梅兰桂荷"
_TOWN_LAST = "滩桥湾坡岭泉塘渡坪庄营堡店集山河口沟台寨"
_TOWN_SIDES = ("", "东", "西", "南", "北", "上", "下", "新", "老", "大")
_VILLAGES = (
    "河口村",
    "北坡村",
    "东庄村",
    "柳树村",
    "前营村",
    "后营村",
    "西沟村",
    "石桥村",
    "南塘村",
    "上台村",
)
_KINDERGARTENS = ("小星星", "向日葵", "蓝天", "彩虹", "小蜜蜂", "春芽", "苗苗", "金色童年")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_NUMERALS = "一二三四五六七八九"


def town(number: int) -> str:
    """The name of a town: 金滩镇, 银桥镇 and so on, all different."""
    size = len(_TOWN_FIRST) * len(_TOWN_LAST)
    turn, first = divmod(number % size, len(_TOWN_FIRST))
    side = _TOWN_SIDES[number // size % len(_TOWN_SIDES)] + "中" * (number // size // len(_TOWN_SIDES))
    return side + _TOWN_FIRST[first] + _TOWN_LAST[(turn + first) % len(_TOWN_LAST)] + "镇"


def village(number: int) -> str:
    """The name of a village; a town has ten."""
    return _VILLAGES[number % len(_VILLAGES)]


def kindergarten(number: int) -> str:
    """What a private kindergarten is called."""
    return _KINDERGARTENS[number % len(_KINDERGARTENS)]


def person(number: int) -> str:
    """The name of a person: 王一, 李二, 张三, …; 380 neighbours have as many names."""
    turn, surname = divmod(number, len(_SURNAMES))
    tens, ones = divmod((turn + surname) % 19 + 1, 10)
    return _SURNAMES[surname] + "十" * tens + ("" if ones == 0 else _NUMERALS[ones - 1])


def mobile(number: int) -> str:
    """A number nobody has been given: 13800000001 and so on, all different."""
    return str(13_800_000_001 + number)
