from retrieval.access import AccessScope
from retrieval.scripts import SCRIPTS
from retrieval.visibility import HIDDEN, DocumentClass, VisibilityClasses


def test_a_class_is_visible_by_list_and_collection() -> None:
    classes = VisibilityClasses()
    both, list_only, collection_only = (
        classes.number(DocumentClass(1, "c", "other")),
        classes.number(DocumentClass(1, "d", "other")),
        classes.number(DocumentClass(2, "c", "other")),
    )
    assert classes.number(DocumentClass(1, "c", "other")) == both
    narrow = classes.visible(AccessScope("t", frozenset({1}), frozenset({"c"})))["other"]
    assert narrow[both]
    assert not narrow[[HIDDEN, list_only, collection_only]].any()
    wide = classes.visible(AccessScope("t", frozenset({1})))["other"]
    assert wide[[both, list_only]].all()
    assert not wide[[HIDDEN, collection_only]].any()


def test_each_script_is_visible_apart() -> None:
    classes = VisibilityClasses()
    numbers = {script: classes.number(DocumentClass(1, "c", script)) for script in SCRIPTS}
    for script in SCRIPTS:
        classes.number(DocumentClass(2, "c", script))
    visible = classes.visible(AccessScope("t", frozenset({1})))
    for script in SCRIPTS:
        assert visible[script].nonzero()[0].tolist() == [numbers[script]]


def test_without_lists_nothing_is_visible() -> None:
    classes = VisibilityClasses()
    for script in SCRIPTS:
        classes.number(DocumentClass(1, "c", script))
    visible = classes.visible(AccessScope("t", frozenset()))
    assert not any(found.any() for found in visible.values())
