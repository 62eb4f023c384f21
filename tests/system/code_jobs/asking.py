"""What tests say to `/code-jobs`."""

from concurrent.futures import ThreadPoolExecutor


def submit(http, code, wait=0, uid=1, **variables):
    """Submit a program; give the answer's body."""
    answer = http.post(f"/code-jobs?wait={wait}", json={"uid": uid, "code": code, "input": variables})
    assert answer.status_code == 201, answer.text
    return answer.json()


def shown(http, number, wait=0):
    return http.get(f"/code-jobs/{number}?wait={wait}").json()


def core(http, number):
    """Give a job as the core shows it."""
    [job] = [each for each in http.get("/jobs?kind=code").json() if each["number"] == number]
    return job


def at_once(count, work):
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))
