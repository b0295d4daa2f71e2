"""Questions that ask several things are cut, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.datasets import read_dataset
from evaluation.house import house_folder
from qa.parts import parts_of

CUT = [
    ("What is the notice period and who signs the contract?",
     "What is the notice period?", "Who signs the contract?"),
    ("How long is the trial period, and how many days of leave are there?",
     "How long is the trial period?", "How many days of leave are there?"),
    ("What is the hotel limit? When must receipts be handed in?",
     "What is the hotel limit?", "When must receipts be handed in?"),
    ("We travel to Lyon. What is the hotel limit? Who books the train?",
     "We travel to Lyon. What is the hotel limit?", "We travel to Lyon. Who books the train?"),
    ("Under the 2024 policy, what is the daily rate and who approves exceptions?",
     "Under the 2024 policy, what is the daily rate?",
     "Under the 2024 policy, who approves exceptions?"),
    ("Please tell me what the warranty covers and how long it lasts",
     "Please tell me what the warranty covers?", "Please tell me how long it lasts?"),
    ("How many racks do Dublin and Hamburg have, respectively?",
     "How many racks do Dublin have?", "How many racks do Hamburg have?"),
    ("What were the costs in 2023, 2024 and 2025 respectively?",
     "What were the costs in 2023?", "What were the costs in 2024?",
     "What were the costs in 2025?"),
    ("How long is the warranty on machines and spare parts respectively?",
     "How long is the warranty on machines?", "How long is the warranty on spare parts?"),
    ("When the contract ends, who must be told and how is it done?",
     "When the contract ends, who must be told?", "When the contract ends, how is it done?"),
    ("Who signs the lease, when does it start and how long does it run?",
     "Who signs the lease?", "When does it start?", "How long does it run?"),
    ("What was delivered and was the invoice paid in time?",
     "What was delivered?", "Was the invoice paid in time?"),
    ("A和B分别是什么？", "A是什么？", "B是什么？"),
    ("整机和电池的保修期分别是多久？", "整机的保修期是多久？", "电池的保修期是多久？"),
    ("公司的地址和电话分别是什么？", "公司的地址是什么？", "公司的电话是什么？"),
    ("上海、成都和深圳分别有多少个机柜？",
     "上海有多少个机柜？", "成都有多少个机柜？", "深圳有多少个机柜？"),
    ("一线城市和其他城市的住宿标准各是多少？",
     "一线城市的住宿标准是多少？", "其他城市的住宿标准是多少？"),
    ("年假有多少天，病假由谁批准？", "年假有多少天？", "病假由谁批准？"),
    ("年假有多少天以及病假由谁批准？", "年假有多少天？", "病假由谁批准？"),
    ("根据新规定，年假有多少天，病假由谁批准？",
     "根据新规定，年假有多少天？", "根据新规定，病假由谁批准？"),
    ("出差住宿费的上限是多少？报销单由谁审核？", "出差住宿费的上限是多少？", "报销单由谁审核？"),
    ("合同由谁审批，由谁保管？", "合同由谁审批？", "由谁保管？"),
    ("试用期有多长和工资几号发放？", "试用期有多长？", "工资几号发放？"),
]  # fmt: skip

WHOLE = [
    "What are the terms and conditions of the lease?",
    "What is the difference between net and gross profit and how they are taxed?",
    "What is spent on research and development?",
    "When and where does the annual meeting take place?",
    "How and when is the leave paid out?",
    "Who decides what is bought and who pays for it?",
    "What do employees who travel and who have children get?",
    "What happens when a machine stops and when the shift is over?",
    "Does the policy say what is allowed and what is not?",
    "How do I know which forms to send and where to send them?",
    "What is paid if an employee is ill and how they are replaced?",
    "Which tools are bought and are used by two teams?",
    "Can guests park at the site and where possible charge their cars?",
    "Really? How many days are there?",
    "Why?",
    "Which printers and scanners are leased?",
    "How much did sales and marketing cost in 2023 and 2024?",
    "Who was Romeo and Juliet's author?",
    "What is the capital of Bosnia and Herzegovina?",
    "Which rules apply to part-time staff and interns?",
    "Is the device waterproof and dustproof?",
    "What must be checked before and after each shift?",
    "What did the auditor find, and why?",
    "List the suppliers and their addresses.",
    "travel policy hotel and flights",
    "What is the maximum weight and size of hand luggage?",
    "Whose approval is needed, that of the manager and the director?",
    "How often are backups made and copied to the second site?",
    "What is the high and low price of the stock in the fourth quarter respectively?",
    "公司有哪些部门和多少员工？",
    "什么时候和在哪里召开年会？",
    "产品的质量和安全由哪个部门负责？",
    "员工有哪些权利和哪些义务？",
    "无论职务高低，超过多少天要由谁批准？",
    "如果合同丢了，应该怎么办？",
    "员工请病假，超过三天由谁批准？",
    "甲方和乙方的付款期限是多少天？",
    "研发和销售费用占收入的比例是多少？",
    "设备出现故障时，是先断电还是先报告？",
    "前几天提交的申请什么时候批准？",
    "差旅费和业务招待费如何报销？",
    "为什么？",
    "数据中心分别位于不同的城市吗？",
    "东区和西区在哪一年分别建成？",
    "这个项目是谁和李明一起负责的？",
]


@pytest.mark.parametrize(("question", "parts"), [(one[0], one[1:]) for one in CUT])
def test_what_asks_several_things_is_cut(question: str, parts: tuple[str, ...]) -> None:
    assert parts_of(question, 4) == parts


@pytest.mark.parametrize("question", WHOLE)
def test_what_asks_one_thing_stays_whole(question: str) -> None:
    assert parts_of(question, 4) == (question,)


def test_the_questions_of_the_house_stay_whole() -> None:
    questions = [one.text for one in read_dataset(house_folder()).questions]
    assert len(questions) == 64
    assert [one for one in questions if parts_of(one, 4) != (one,)] == []


def test_too_many_parts_are_left_together() -> None:
    question = CUT[0][0]
    assert parts_of(question, 1) == (question,)
    assert parts_of("A、B、C、D和E分别是什么？", 4) == ("A、B、C、D和E分别是什么？",)


_PIECES = st.sampled_from(
    [
        *(
            "who",
            "what",
            "and",
            "and who",
            ",",
            "?",
            "；",
            "，",
            "和",
            "分别",
            "是什么",
            "由谁",
            "的",
        ),
        *(
            "respectively",
            "Dublin",
            "the lease",
            "年假",
            "。",
            ".",
            "is",
            "、",
            "tell me",
            " ",
            "\n",
        ),
    ]
)


@given(st.lists(_PIECES, max_size=12).map(" ".join), st.integers(1, 5))
def test_whatever_is_asked_comes_out_as_so_many_questions_at_most(
    question: str, parts_max: int
) -> None:
    parts = parts_of(question, parts_max)
    assert 1 <= len(parts) <= parts_max
    assert len(parts) == 1 or all(part.strip("?？ ") for part in parts)
    assert len(parts) > 1 or parts == (question.strip(),)
