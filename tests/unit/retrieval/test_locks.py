from threading import Barrier, Event, Thread

from retrieval.locks import SharedLock

DEADLINE_SECONDS = 10


def test_readers_share() -> None:
    lock, together = SharedLock(), Barrier(2)

    def read() -> None:
        with lock.shared():
            together.wait(DEADLINE_SECONDS)

    reader = Thread(target=read)
    reader.start()
    read()
    reader.join(DEADLINE_SECONDS)
    assert not together.broken


def test_a_writer_waits_for_readers_and_keeps_new_ones_out() -> None:
    lock, events = SharedLock(), list[str]()
    wants = Event()

    def write() -> None:
        wants.set()
        with lock.exclusive():
            events.append("write")

    def read() -> None:
        with lock.shared():
            events.append("read")

    with lock.shared():
        writer = Thread(target=write)
        writer.start()
        wants.wait(DEADLINE_SECONDS)
        while not lock._writers_waiting:
            pass
        reader = Thread(target=read)
        reader.start()
        events.append("first reader leaves")
    writer.join(DEADLINE_SECONDS)
    reader.join(DEADLINE_SECONDS)
    assert events == ["first reader leaves", "write", "read"]
