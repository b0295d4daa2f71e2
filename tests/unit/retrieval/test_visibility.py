from retrieval.access import AccessScope
from retrieval.visibility import HIDDEN, VisibilityClasses


def test_a_class_is_visible_by_list_and_collection() -> None:
    classes = VisibilityClasses()
    both, list_only, collection_only = (
        classes.number(1, "c"),
        classes.number(1, "d"),
        classes.number(2, "c"),
    )
    assert classes.number(1, "c") == both
    narrow = classes.visible(AccessScope("t", frozenset({1}), frozenset({"c"})))
    assert narrow[both]
    assert not narrow[[HIDDEN, list_only, collection_only]].any()
    wide = classes.visible(AccessScope("t", frozenset({1})))
    assert wide[[both, list_only]].all()
    assert not wide[[HIDDEN, collection_only]].any()


def test_without_lists_nothing_is_visible() -> None:
    classes = VisibilityClasses()
    classes.number(1, "c")
    assert not classes.visible(AccessScope("t", frozenset())).any()
