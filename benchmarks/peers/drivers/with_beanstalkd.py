"""beanstalkd through greenstalk: reserve, run, delete."""

import json
from urllib.parse import urlsplit

from greenstalk import Client
from protocol import config, main, record


class Beanstalkd:
    submit_many = None

    def prepare(self) -> None:
        place = urlsplit(config()["url"])
        tube = place.path.strip("/")
        self._client = Client((place.hostname, place.port), use=tube, watch=tube)

    def submit(self, job: dict[str, int]) -> None:
        self._client.put(json.dumps(job))

    def work(self) -> None:
        self.prepare()
        while True:
            reserved = self._client.reserve()
            record(**json.loads(reserved.body))
            self._client.delete(reserved)


if __name__ == "__main__":
    main(Beanstalkd())
