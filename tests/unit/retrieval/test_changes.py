from retrieval.changes import Change, documents_by_tenant


def test_changed_documents_are_read_once_in_order() -> None:
    changes = [Change(1, "t", "b"), Change(2, "u", "a"), Change(3, "t", "a"), Change(4, "t", "b")]
    assert documents_by_tenant(changes) == {"t": ["b", "a"], "u": ["a"]}
    assert documents_by_tenant([]) == {}
