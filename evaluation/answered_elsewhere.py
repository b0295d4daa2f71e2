"""Questions that lost their gold passage and are answered by a look-alike nevertheless."""

from typing import Final

ANSWERED_ELSEWHERE: Final = frozenset(
    {
        "25b47723-4c5c-462d-94f6-07c0719372b6",
        "2e2fd6d3-bd8b-43e9-9afb-043f5af34c21",
        "8e33a954-68e0-4523-9bee-9e580a6c0681",
        "8ee0cd9a-0820-4710-8fb5-52fdf0cf94c3",
        "8f4d224e-1784-4209-948d-671997a11b2d",
        "a87f7e50-c3a0-4333-b22f-ef8c6e4626b9",
        "a8898341-9048-41fc-ac57-1c21ca35c201",
        "ae73f275-a6c3-49fd-b1bc-a0cf25438a37",
        "af294acf-0db4-4248-9dcb-d7f53d1f0687",
        "b0aa7da1-baa0-4434-ae2d-a81cd7c0ecb3",
        "d1dec9f8-616f-4c60-9a5d-f31904b85014",
        "e55e41d5-e383-45b1-ae23-300683714307",
        "e84a4f8f-6027-402e-b60a-94052de3e63c",
        *("zh_refine-9", "zh_refine-13", "zh_refine-106", "zh_refine-107"),
        *("zh_refine-178", "zh_refine-220", "zh_refine-250", "zh_refine-294"),
    }
)
"""By id, of the first 30 that are drawn from TAT-QA and from RGB. TAT-QA's questions name no
company ("What were the total assets in 2017?"): eleven are answered by another's report, two
may be. What RGB labels as negative answers three in other words, and may answer five. A large
language model judged so, which was given the questions with their passages and nothing else."""
