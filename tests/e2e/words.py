"""What the page says in each of its languages, as far as the tests read or click it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the interface."""

    locale: str
    user_name: str
    password: str
    sign_in: str
    sign_out: str
    wrong_password: str
    not_admitted: str
    new_collection: str
    create: str
    ask_collection: str
    ready: str
    failed: str
    damaged: str
    retry: str
    delete: str
    stages: tuple[str, ...]
    refused: str
    stopped: str
    withheld: str
    token_name: str
    create_token: str
    revoke: str
    first_password: str
    add_person: str
    export_person: str
    erase_person: str
    give_access: str
    who_sees: str
    allow: str
    deny: str
    save: str
    group_name: str
    create_group: str
    members_of: str
    add_to_group: str
    search_for: str
    search: str
    tags_of: str
    tag: str
    type: str
    date_from: str
    clear_filters: str
    processing: str
    cancel_one: str
    cancelled: str


ENGLISH = Words(
    locale="en-GB",
    user_name="User name",
    password="Password",
    sign_in="Sign in",
    sign_out="Sign out",
    wrong_password="The name or the password is wrong",
    not_admitted="you have no access to Sourcebook",
    new_collection="Name of the new collection",
    create="Create collection",
    ask_collection="Ask this collection",
    ready="Ready",
    failed="Failed",
    damaged="damaged",
    retry="Try {} again",
    delete="Delete {}",
    stages=(
        "Waiting",
        "Reading the file",
        "Dividing it into passages",
        "Working out what they mean",
        "Adding it to the index",
    ),
    refused="Not in your documents",
    stopped="Stopped before the end.",
    withheld="A document that this answer cites is gone or no longer open to you.",
    token_name="What it is for",
    create_token="Create token",
    revoke="Revoke {}",
    first_password="First password",
    add_person="Add person",
    export_person="Download everything about {}",
    erase_person="Erase {} for good",
    give_access="Give access to a person or group",
    who_sees="Who can see “{}”",
    allow="Add a person, group or role",
    deny="Keep out a person, group or role",
    save="Save",
    group_name="Name of the group",
    create_group="Create group",
    members_of="Members of {}",
    add_to_group="Add a person",
    search_for="Search for",
    search="Search",
    tags_of="Tags of “{}”",
    tag="Tag",
    type="Type",
    date_from="From",
    clear_filters="Clear filters",
    processing="Processing",
    cancel_one="Cancel the processing of {}",
    cancelled="Cancelled",
)

CHINESE = Words(
    locale="zh-CN",
    user_name="用户名",
    password="密码",
    sign_in="登录",
    sign_out="退出登录",
    wrong_password="用户名或密码不正确",
    not_admitted="您还没有 Sourcebook 的使用权限",
    new_collection="新资料库的名称",
    create="新建资料库",
    ask_collection="向此资料库提问",
    ready="就绪",
    failed="失败",
    damaged="损坏",
    retry="重新处理 {}",
    delete="删除 {}",
    stages=("排队中", "读取文件", "划分段落", "理解语义", "写入索引"),
    refused="您的文档中没有答案",
    stopped="回答已中途停止。",
    withheld="该回答引用的文档已不存在，或您已无权阅读。",
    token_name="用途",
    create_token="新建令牌",
    revoke="撤销 {}",
    first_password="初始密码",
    add_person="添加人员",
    export_person="下载关于 {} 的全部数据",
    erase_person="永久抹除 {}",
    give_access="授予人员或群组权限",
    who_sees="谁可以查看“{}”",
    allow="添加人员、群组或角色",
    deny="排除人员、群组或角色",
    save="保存",
    group_name="群组名称",
    create_group="创建群组",
    members_of="{} 的成员",
    add_to_group="添加人员",
    search_for="搜索内容",
    search="搜索",
    tags_of="“{}”的标签",
    tag="标签",
    type="类型",
    date_from="起始",
    clear_filters="清除筛选",
    processing="处理队列",
    cancel_one="取消处理 {}",
    cancelled="已取消",
)

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}
