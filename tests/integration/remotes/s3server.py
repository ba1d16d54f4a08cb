"""An S3-compatible server: moto over real HTTP, which checks keys, signatures and rights as S3 does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from typing import Any

import boto3
from moto import settings
from werkzeug.serving import make_server

REGION = "eu-central-1"


class S3Server:
    """The server; `delay` holds every upload and download up, so that a test can interrupt one."""

    def __init__(self) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app

        self.delay = 0.0  # s
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._http = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._http.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.people = self._client("iam", "nobody", "is asked yet")
        self.owner = self.person("owner", "s3:*")
        self.files = self._client("s3", *self.owner)

    def _client(self, service: str, key: str, secret: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "/files/md5/" in environ.get("PATH_INFO", "") and environ["REQUEST_METHOD"] in ("GET", "PUT"):
            time.sleep(self.delay)
        return self._moto(environ, start_response)

    def bucket(self, name: str) -> str:
        """Make a bucket; returns the URL of a folder in it."""
        self.files.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return f"s3://{name}/photos"

    def objects(self, bucket: str) -> dict[str, int]:
        """Key → size of everything in a bucket."""
        pages = self.files.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"]: entry["Size"] for page in pages for entry in page.get("Contents", ())}

    def person(self, name: str, *actions: str) -> tuple[str, str]:
        """A user with these rights (`s3:…`); returns the two keys."""
        before = settings.INITIAL_NO_AUTH_ACTION_COUNT
        settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")  # moto has nobody yet who may make people
        rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        self.people.create_user(UserName=name)
        self.people.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=json.dumps(rights))
        key = self.people.create_access_key(UserName=name)["AccessKey"]
        settings.INITIAL_NO_AUTH_ACTION_COUNT = before
        return key["AccessKeyId"], key["SecretAccessKey"]

    def check_rights(self, wanted: bool) -> None:
        """From now on, ask for keys (or let everybody do everything, as at the start)."""
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0.0 if wanted else float("inf")

    def stop(self) -> None:
        """End it."""
        self._http.shutdown()
        self._thread.join()
