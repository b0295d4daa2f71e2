"""Buckets as sources, on moto's server, which checks signatures as AWS does."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import httpx
import pytest

from ingest.connectors.configuration import S3Config
from ingest.connectors.errors import (
    ItemUnreadable,
    SecretMissing,
    SourceInvalid,
    SourceRefused,
    SourceTooLarge,
    SourceUnreachable,
)
from ingest.connectors.port import Connector, Item
from ingest.connectors.settings import SourceSettings
from ingest.errors import FileTooLarge
from tests.unit.ingest_pipeline.connectors.conformance import Conformance, Look, connectors

_NUMBERS = count()
_EVERYTHING = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
)


class BucketWorld:
    """A bucket of its own, and somebody who may read it."""

    def __init__(self, url: str, key: tuple[str, str], s3: Any) -> None:
        self.url = url
        self.key_id, self.secret = key
        self.name = f"bucket-{next(_NUMBERS)}"
        self.settings = SourceSettings()
        self.options: dict[str, Any] = {}
        self.s3 = s3
        self.s3.create_bucket(Bucket=self.name)

    def put(self, name: str, text: str) -> None:
        self.s3.put_object(Bucket=self.name, Key=f"{name}.txt", Body=text.encode())

    def remove(self, name: str) -> None:
        self.s3.delete_object(Bucket=self.name, Key=f"{name}.txt")

    def content(self, text: str) -> bytes:
        return text.encode()

    def break_down(self) -> None:
        self.name = "bucket-that-is-not-there"

    def config(self) -> S3Config:
        given = {"bucket": self.name, "endpoint": self.url, "access_key_id": self.key_id}
        return S3Config.model_validate({"kind": "s3", **given, **self.options})

    def connector(self) -> Connector:
        return connectors(self.settings, self.url).connect(
            self.config().checked(self.settings), self.secret
        )


@pytest.fixture(scope="module")
def key(s3_url: str) -> Iterator[tuple[str, str]]:
    """Make a user with an access key, and from then on let nobody in without one."""
    iam = boto3.client(
        "iam",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id="first",
        aws_secret_access_key="first",
    )
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="all", PolicyDocument=_EVERYTHING)
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    httpx.post(f"{s3_url}/moto-api/reset-auth", content=b"0").raise_for_status()
    yield made["AccessKeyId"], made["SecretAccessKey"]
    iam.close()


@pytest.fixture(scope="module")
def s3(s3_url: str, key: tuple[str, str]) -> Iterator[Any]:
    key_id, secret = key
    client = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )
    yield client
    client.close()


class TestS3(Conformance):
    @pytest.fixture
    def world(self, s3_url: str, key: tuple[str, str], s3: Any) -> BucketWorld:
        return BucketWorld(s3_url, key, s3)

    def test_keys_of_any_spelling_are_read(self, world: BucketWorld) -> None:
        keys = {"a b", "年度报告/第 1 章", "50%+1&x=y", "~tilde'(1)*!"}
        for one in keys:
            world.put(one, one)
        look = Look.of(world.connector())
        assert look.contents == {f"{one}.txt": one.encode() for one in keys}
        assert look.names["年度报告/第 1 章.txt"] == "第 1 章.txt"

    def test_only_what_is_below_the_prefix_and_not_left_out(self, world: BucketWorld) -> None:
        world.options = {"prefix": "hr/", "ignore": ["drafts/*"]}
        for name in ("hr/kept", "hr/drafts/x", "hr/.git/x", "it/other", "hr/.hidden"):
            world.put(name, name)
        world.s3.put_object(Bucket=world.name, Key="hr/folder/")
        assert set(Look.of(world.connector()).contents) == {"hr/kept.txt"}

    def test_a_listing_of_several_pages_is_read_to_its_end(
        self, world: BucketWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for n in range(5):
            world.put(str(n), str(n))
        asked = []
        real = httpx.Client.send

        def send(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            asked.append(str(request.url))
            return real(client, request, **options)

        monkeypatch.setattr(httpx.Client, "send", send)
        with world.connector()._bucket() as bucket:  # type: ignore[attr-defined]
            bucket._client.meta.events.register(
                "provide-client-params.s3.ListObjectsV2",
                lambda params, **_: {**params, "MaxKeys": 2},
            )
            assert [one.key for one in bucket.objects()] == [f"{n}.txt" for n in range(5)]
        assert len(asked) == 3

    def test_an_object_too_large_is_not_fetched(self, world: BucketWorld) -> None:
        world.put("large", "x" * 10_001)
        [item] = [event for event in world.connector().changes(None, {}) if isinstance(event, Item)]
        with pytest.raises(FileTooLarge):
            item.open()

    def test_an_object_that_changed_since_the_listing_is_left_for_the_next(
        self, world: BucketWorld
    ) -> None:
        world.put("one", "first")
        events = world.connector().changes(None, {})
        item = next(events)
        assert isinstance(item, Item)
        world.put("one", "second")
        with pytest.raises(ItemUnreadable):
            item.open()

    def test_no_more_objects_than_the_limit(self, world: BucketWorld) -> None:
        world.settings = SourceSettings(objects_max=1)
        world.put("one", "first")
        world.put("two", "second")
        with pytest.raises(SourceTooLarge):
            Look.of(world.connector())

    @pytest.mark.parametrize("wrong", ["secret", "key_id"])
    def test_wrong_credentials_are_told(self, world: BucketWorld, wrong: str) -> None:
        setattr(world, wrong, "AKIAWRONG")
        with pytest.raises(SourceRefused, match="does not let us in"):
            Look.of(world.connector())

    def test_without_an_access_key_it_asks_as_anybody(self, world: BucketWorld) -> None:
        world.key_id = ""
        with pytest.raises(SourceUnreachable):  # and this server lets nobody in so
            Look.of(world.connector())

    def test_an_internal_address_is_refused_by_the_guard(self, world: BucketWorld) -> None:
        with pytest.raises(SourceUnreachable, match="may not be called"):
            Look.of(connectors(world.settings).connect(world.config(), world.secret))

    def test_nothing_of_the_machine_is_used(
        self, world: BucketWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "absent")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        world.put("one", "first")
        assert len(Look.of(world.connector()).contents) == 1


def test_an_access_key_needs_its_secret_and_none_takes_none() -> None:
    bucket = S3Config(kind="s3", bucket="policies")
    bucket.check_secret(None)
    with pytest.raises(SourceInvalid):
        bucket.check_secret("secret")
    with pytest.raises(SecretMissing):
        bucket.model_copy(update={"access_key_id": "AKIA"}).check_secret(None)


def test_an_address_with_a_secret_in_it_is_refused() -> None:
    config = S3Config(kind="s3", bucket="policies", endpoint="https://user:word@s3.example")
    with pytest.raises(SourceInvalid):
        config.checked(SourceSettings())
