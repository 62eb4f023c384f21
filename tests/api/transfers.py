"""What tests of the work queue say to it."""

import stat

BASE = "/workqueue/api/v1.0"
FILE = stat.S_IFREG | 0o644
FOLDER = stat.S_IFDIR | 0o755
LINK = stat.S_IFLNK | 0o777


def entry(name, size=1, mode=FILE):
    return {"name": name, "st_mode": mode, "st_size": size}


def fetch(http, *types, **asked):
    return http.post(f"{BASE}/worker/jobs", json={"types": list(types or range(5)), **asked})


def take(http, *types, **asked):
    answer = fetch(http, *types, **asked)
    return [item for job in answer.json for item in job["elements"]] if answer.status_code == 200 else []


def path_of(item):
    return f"{BASE}/worker/jobs/{item['job_id']}/elements/{item['id']}"


def outcome(returncode=0, **more):
    return {"returncode": returncode, "host": "worker-1", "log": "it ran", "timestamp": "2012-03-21T13:35", **more}


def report(http, item, returncode=0, **more):
    return http.put(path_of(item), json=outcome(returncode, **more), headers={"X-Token": item["token"]})


def listed(http, listing):
    """Do the LIST of the job that waits."""
    [item] = take(http, 0)
    assert report(http, item, listing=listing).status_code == 200


def submit(http, verb, **fields):
    body = {"src_siteid": 13, "src_filepath": "~/tree", **fields}
    answer = http.post(f"{BASE}/{verb}", json=body)
    assert answer.status_code == 200, answer.json
    return answer.json["id"]


def copy(http, **fields):
    return submit(http, "copy", dst_siteid=15, dst_filepath="~/copy", **fields)


def status(http, number):
    return http.get(f"{BASE}/jobs/{number}/status").json["status"]
