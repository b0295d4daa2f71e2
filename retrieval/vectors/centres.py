"""Where an embedder puts texts of a script, whatever is stored.

The mean vector of a few sentences that companies write. Around it, sketches of a corpus of news
were measured to be as exact as around the corpus' own mean (and around one sentence for both
scripts much less: 0.98 against 0.90 of the ten nearest among 2,000 of 200,000 candidates). A mean
of what is stored would let hidden documents move what others find.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.embedding.port import Embedder
from retrieval.scripts import Script

_CHINESE: Final = (
    "这是一份文件。",
    "公司今年的收入比去年增长了百分之十二。",
    "请在每月五日之前提交报销单和发票。",
    "会议将于星期三下午在三楼举行，由部门经理主持。",
    "本合同自双方签字之日起生效，有效期为两年。",
    "据记者报道，当地政府公布了新的措施。",
    "研究人员在实验中比较了三种方法的结果。",
    "用户可以在设置中修改密码和通知方式。",
)
_OTHER: Final = (
    "This is a document.",
    "The company's revenue this year is twelve percent above that of last year.",
    "Please hand in expense reports and invoices by the fifth of each month.",
    "The meeting takes place on Wednesday afternoon and is led by the head of department.",
    "This contract takes effect when both parties have signed it and ends after two years.",
    "According to reporters, the local government has announced new measures.",
    "In an experiment, the researchers compared the results of three methods.",
    "Users can change their password and their notifications in the settings.",
)
_SENTENCES: Final[dict[Script, tuple[str, ...]]] = {
    "chinese": _CHINESE,
    "other": _OTHER,
    "unknown": _CHINESE + _OTHER,
}


def centre_of(embedder: Embedder, script: Script) -> NDArray[np.float32]:
    """Return the centre of a script's texts, shape (dimensions,)."""
    vectors = np.asarray(embedder.embed_passages(_SENTENCES[script]), np.float32)
    centre: NDArray[np.float32] = vectors.mean(axis=0)
    return centre
