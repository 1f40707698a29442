"""What is a secret is hidden wherever it stands, and nothing else is."""

import logging

import pytest

from graphrec_core.errors import ConfigError
from graphrec_core.log import RedactingFormatter
from graphrec_core.redaction import HIDDEN, hide_in_uris, hide_options, learn_secrets, redact

CANARY = "ca/nary+0123456789"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://AKIA:canary@bucket/x", "s3://***@bucket/x"),
        ("S3A://AKIA:canary@bucket", "S3A://***@bucket"),
        ("sftp://ann:ca/n@ry@host:22/x", "sftp://***@host:22/x"),
        ("https://canary@host/x", "https://***@host/x"),
        (
            "read 's3://a:canary@b' and \"ftp://c:canary@d\"",
            "read 's3://***@b' and \"ftp://***@d\"",
        ),
        ("https://h/x?sig=canary&v=2", "https://h/x?sig=***&v=2"),
        (
            "https://h/x?v=2&X-Amz-Security-Token=canary",
            "https://h/x?v=2&X-Amz-Security-Token=***",
        ),
    ],
)
def test_secrets_of_uris_are_hidden(text: str, expected: str) -> None:
    assert hide_in_uris(text) == expected
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/a@b",
        "abfss://container@account.dfs.core.windows.net/lake",
        "hdfs://namenode:8020/lake",
        "https://host/x?v=2&region=eu",
        "mail ann@host, see a:b",
        "file:///data/lake",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert hide_in_uris(text) == text
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "fs.s3a.secret.key=canary",
        "{'fs.s3a.access.key': 'canary'}",
        '{"fs.s3a.session.token": "canary"}',
        "spark.ssl.keyPassword = canary",
        "fs.azure.account.key.acct.blob.core.windows.net: canary",
    ],
)
def test_options_in_free_text_are_hidden(text: str) -> None:
    assert redact(text) == text.replace("canary", HIDDEN)


def test_options_are_hidden_by_their_names() -> None:
    options = {"sep": ";", "password": "p", "fs.s3a.secret.key": "k", "header": "true"}
    options |= {"fs.s3a.aws.credentials.provider": "org.X", "url": "ftp://a:b@c"}
    assert hide_options(options) == {
        **options, "password": HIDDEN, "fs.s3a.secret.key": HIDDEN, "url": "ftp://***@c",
    }  # fmt: skip


def test_a_learned_secret_is_found_bare_decoded_and_escaped() -> None:
    learn_secrets({"snapshot": {"spark_settings": {"fs.s3a.secret.key": CANARY}}})
    learn_secrets({"lake": {"root": "s3://bucket"}, "a": ["sftp://u:pass%20word1@h"]})
    for text in (f"403 for {CANARY}", "bad login pass%20word1", "bad login 'pass word1'"):
        assert HIDDEN in redact(text)
        assert CANARY not in redact(text)
        assert "word1" not in redact(text)


def test_short_or_harmless_values_are_not_looked_for() -> None:
    learn_secrets({"spark_settings": {"password": "true", "token": "abc"}})
    assert redact("true and abc") == "true and abc"


def test_a_setting_that_only_sounds_secret_is_none() -> None:
    """A node type may be called token: its SELECT is no password."""
    learn_secrets({"source": {"nodes": {"token": "select everything"}}})
    assert redact("select everything") == "select everything"


def test_errors_and_log_records_hold_no_secret() -> None:
    place = "s3://AKIA:canary0@bucket"
    error = ConfigError(must=f"{place} must exist.", found=place, fix=f"See {place}.")
    assert "canary0" not in str(error)
    assert "canary0" not in error.found
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "at %s", (place,), None)
    try:
        raise ValueError(place)
    except ValueError as caught:
        record.exc_info = (ValueError, caught, caught.__traceback__)
    text = RedactingFormatter("%(message)s").format(record)
    assert "canary0" not in text
    assert "ValueError: s3://***@bucket" in text
