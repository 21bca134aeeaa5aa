import json
from pathlib import Path

import pytest

from sed_core.data.download.obtain import parse_record, read_record
from sed_core.data.download.resumable_http import Download, RetryPolicy
from sed_core.runtime.errors import SedError
from tests.servers.flaky import Fault, Flaky

API = "https://example.org/api/records/7"
FILE = "https://example.org/api/files/bucket/a.zip"
CONTENT = f"{API}/files/a.zip/content"


@pytest.mark.parametrize(
    ("record", "url"),
    [
        (
            {"files": [{"key": "a.zip", "size": 5, "checksum": "md5:00", "links": {"self": FILE}}]},
            CONTENT,
        ),
        ({"files": [{"filename": "a.zip", "filesize": 5, "checksum": "md5:00"}]}, CONTENT),
        (
            {
                "files": {
                    "enabled": True,
                    "entries": {
                        "a.zip": {
                            "key": "a.zip",
                            "size": 5,
                            "checksum": "md5:00",
                            "links": {"self": f"{API}/files/a.zip", "content": CONTENT},
                        }
                    },
                }
            },
            CONTENT,
        ),
        (
            {
                "files": {"entries": {"a.zip": {"key": "a.zip", "size": 5, "checksum": "md5:00"}}},
            },
            CONTENT,
        ),
        (
            {
                "entries": [
                    {
                        "key": "a.zip",
                        "size": 5,
                        "checksum": "md5:00",
                        "links": {"self": f"{API}/files/a.zip"},
                    }
                ]
            },
            CONTENT,
        ),
    ],
)
def test_all_layouts_say_the_same(record: dict, url: str) -> None:
    assert parse_record(record, API) == {"a.zip": Download(Path("a.zip"), (url,), 5, "md5:00")}


def test_read_record_is_patient_and_clear(server: Flaky, quick: RetryPolicy) -> None:
    answer = json.dumps({"files": [{"key": "b", "size": 1, "checksum": "md5:11"}]}).encode()
    url = server.add("/api/records/1", answer, faults=[Fault(status=503)])
    assert read_record(url, policy=quick)["b"].size == 1
    for path, body, words in [
        ("/page", b"<html>", "its answer is not a record"),
        ("/list", b"[]", "its answer is not a record"),
        ("/empty", b"{}", "lists no files"),
    ]:
        with pytest.raises(SedError, match=words):
            read_record(server.add(path, body), policy=quick)
    with pytest.raises(SedError, match="404"):
        read_record(server.url + "/nothing", policy=quick)
