"""Plain questions about annual reports and a manual, as a new user asks them, with their answers.

They were written by reading the reports, before any rule was tried on them. `document` names the
file; `answers` are spellings of the right answer, of which one is enough; none: it stands nowhere.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PlainQuestion:
    """A question; `answers` are alternatives, figures as the report prints them."""

    text: str
    document: str = ""
    answers: tuple[str, ...] = ()


def _asked(text: str, document: str, *answers: str) -> PlainQuestion:
    return PlainQuestion(text, document, answers)


PLAIN: Final = (
    _asked("What were 3M's capital expenditures in 2018?", "3M_2018_10K", "1,577"),
    _asked("How many employees did 3M have at the end of 2018?", "3M_2018_10K", "93,516"),
    _asked("What were 3M's net sales in 2017?", "3M_2018_10K", "31,657"),
    _asked("What dividends per share did 3M pay in 2018?", "3M_2018_10K", "5.44"),
    _asked("What was 3M's effective tax rate in 2018?", "3M_2018_10K", "23.4"),
    _asked("How much did 3M spend on research and development in 2017?", "3M_2018_10K", "1,870"),
    _asked("How many people did 3M employ in 2022?", "3M_2022_10K", "92,000"),
    _asked("3M 2018 年的净销售额是多少？", "3M_2018_10K", "32,765", "327.65"),
    _asked("3M 在2022年有多少员工？", "3M_2022_10K", "92,000"),
    _asked(
        "What is Best Buy's comparable sales decline in fiscal 2023?", "BESTBUY_2023_10K", "9.9"
    ),
    _asked("Who audits Best Buy's financial statements?", "BESTBUY_2023_10K", "Deloitte"),
    _asked(
        "How many stores did Best Buy have at the end of fiscal 2023?", "BESTBUY_2023_10K", "1,138"
    ),
    _asked("What was Best Buy's revenue in fiscal 2023?", "BESTBUY_2023_10K", "46,298"),
    _asked("百思买在2023财年有多少家门店？", "BESTBUY_2023_10K", "1,138"),
    _asked("Best Buy 2023 财年雇用了多少员工？", "BESTBUY_2023_10K", "90,000"),
    _asked("How many people did Amazon employ at the end of 2019?", "AMAZON_2019_10K", "798,000"),
    _asked("What were Amazon's net sales in North America in 2019?", "AMAZON_2019_10K", "170,773"),
    _asked("How much did Amazon pay for Whole Foods Market?", "AMAZON_2017_10K", "13.2", "13,2"),
    _asked("When did Amazon acquire Whole Foods?", "AMAZON_2017_10K", "August 28, 2017"),
    _asked("亚马逊2017年底有多少员工？", "AMAZON_2017_10K", "566,000"),
    _asked("In which state is PepsiCo incorporated?", "PEPSICO_2022_10K", "North Carolina"),
    _asked("How many people does PepsiCo employ worldwide?", "PEPSICO_2022_10K", "315,000"),
    _asked("百事公司2022年在全球雇用多少人？", "PEPSICO_2022_10K", "315,000"),
    _asked("What were Walmart's total revenues in fiscal 2020?", "WALMART_2020_10K", "523,964"),
    _asked("How many associates does Walmart have in the U.S.?", "WALMART_2020_10K", "1.5 million"),
    _asked("沃尔玛2020财年的总收入是多少？", "WALMART_2020_10K", "523,964"),
    _asked(
        "What share of General Mills' net sales came from Walmart in fiscal 2020?",
        "GENERALMILLS_2020_10K",
        "21",
    ),
    _asked("How many employees does General Mills have?", "GENERALMILLS_2020_10K", "35,000"),
    _asked("What were Corning's net sales in 2021?", "CORNING_2022_10K", "14,082"),
    _asked("In how many countries does Corning have employees?", "CORNING", "44"),
    _asked("What were MGM Resorts' net revenues in 2022?", "MGMRESORTS_2022_10K", "13,127", "13.1"),
    _asked("AMD 2015 年的净收入是多少？", "AMD_2015_10K", "3,991", "4.0 billion", "40"),
    _asked("Who is the chief executive of Activision Blizzard?", "ACTIVISION", "Kotick"),
    _asked("What were Activision Blizzard's total net revenues in 2018?", "ACTIVISION", "7,500"),
    _asked("How many full-time employees did Square have outside the US in 2020?", "BLOCK", "662"),
    _asked(
        "What were Apple's iPhone sales in the third quarter of 2023?", "2023 Q3 AAPL", "39,669"
    ),
    _asked("What were Amcor's net sales in fiscal 2022?", "AMCOR_2023", "14,544"),
    _asked("When was Debian founded?", "install", "1993"),
    _asked("Who started the Debian project?", "install", "Murdock"),
    _asked("How much memory is recommended for Debian with a desktop?", "install", "2 gigabytes"),
    _asked("安装 Debian 桌面系统建议多少内存？", "install", "2 gigabytes", "2 GB"),
    _asked("What is the minimum processor for a Debian desktop system?", "install", "Pentium"),
    _asked("What is the CEO's favourite colour?", ""),
    _asked("What was Tesla's revenue in 2022?", ""),
    _asked("What were 3M's net sales in 2005?", ""),
    _asked("How many stores does Best Buy have in Germany?", ""),
    _asked("What is the phone number of PepsiCo's canteen?", ""),
    _asked("Who won the football world cup in 2014?", ""),
    _asked("What does a Walmart cashier earn in Berlin?", ""),
    _asked("How many patents does General Mills hold in China?", ""),
    _asked("3M 的首席执行官最喜欢什么颜色？", ""),
    _asked("华为2022年的收入是多少？", ""),
    _asked("怎样种植西红柿？", ""),
    _asked("公司的病假需要谁批准？", ""),
)
