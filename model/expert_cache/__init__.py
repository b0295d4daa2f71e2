"""Running a mixture of experts in less memory than its experts take.

A decoder reads only a few experts for each token, and some far more often than others. Those stay
in memory, up to a budget; the others are read from the checkpoint's files when a token needs them,
or shortly before: while one layer computes, the next layer's router says which experts it will
probably want (Eliseev & Mazur 2023, arXiv 2312.17238).
"""
