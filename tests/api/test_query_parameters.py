"""A bad value or a bad form of a known query parameter is 400 and named; a parameter that nobody knows is ignored."""

from tests.api.transfers import BASE, submit

NO_USERS = ["0", "000", "-1", "+1", "1e3", "1.0", "x", "%D9%A1", "1%20", str(2**63), "1" * 20, "9" * 5_000]
BAD = [
    ("/jobs?status=", "status"),
    ("/jobs?status=queued,", "status"),
    ("/jobs?status=queued&status=built", "status"),
    ("/jobs?status[]=queued", "status"),
    ("/jobs?operation=", "operation"),
    ("/jobs?operation=ADD,,", "operation"),
    ("/jobs?operation=,ADD", "operation"),
    ("/jobs?operation=%20", "operation"),
    ("/jobs?operation[]=ADD&operation[]=", "operation"),
    ("/jobs?operation[0]=ADD", "operation"),
    ("/jobs?operation[$in]=ADD", "operation"),
    ("/jobs?kind=", "kind"),
    ("/jobs?kind[]=all", "kind"),
    ("/jobs?kind%5B%5D=all", "kind"),
    ("/jobs?kind=dataset,,code", "kind"),
    ("/jobs?kind=all&state=", "state"),
    ("/jobs?kind=all&state[]=queued", "state"),
    ("/jobs?kind=all&state=queued,", "state"),
    ("/jobs?target=", "target"),
    ("/jobs?target=AGE&target=SEX", "target"),
    ("/jobs?target[]=AGE", "target"),
    ("/jobs?ignoreCompleted=", "ignoreCompleted"),
    ("/jobs?ignoreCompleted[]=true", "ignoreCompleted"),
    ("/jobs?ignoreCompleted=true&ignoreCompleted=true", "ignoreCompleted"),
    ("/jobs?limit=", "limit"),
    ("/jobs?limit=0", "limit"),
    ("/jobs?limit=1&limit=2", "limit"),
    ("/jobs?limit[]=1", "limit"),
    ("/jobs?cursor=", "cursor"),
    ("/jobs?cursor=x&cursor=x", "cursor"),
    ("/jobs/x?wait=", "wait"),
    ("/jobs/x?wait[]=1", "wait"),
    ("/jobs/x?wait=1&wait=1", "wait"),
    ("/code-jobs?limit=", "limit"),
    ("/code-jobs?limit[]=1", "limit"),
    ("/code-jobs?cursor[]=1", "cursor"),
    ("/job/done/lab?limit=", "limit"),
    ("/job/active/lab?cursor=", "cursor"),
    ("/events?kind=", "kind"),
    ("/events?kind=all", "kind"),
    ("/events?kind=code,dataset", "kind"),
    ("/events?kind[]=code", "kind"),
    ("/events?kind=code&kind=dataset", "kind"),
    ("/events?jobId=", "jobId"),
    ("/events?jobId[]=1", "jobId"),
    *((f"/users/{given}", "uid") for given in NO_USERS),
    (f"{BASE}/jobs/1/output?attempts=", "attempts"),
    (f"{BASE}/jobs/1/output?attempts=all,latest", "attempts"),
    (f"{BASE}/jobs/1/output?attempts[]=all", "attempts"),
]
#: `/api` names what is wrong in its one sentence.
BAD_OF_API = [
    ("/api/getJobs?index=", "index"),
    ("/api/getJobs?count[]=1", "count"),
    ("/api/getJobs?index=1&index=2", "index"),
]
BAD_ON_PAGES = [
    *((f"/users/{given}", "uid") for given in NO_USERS),
    ("/console/jobs?kind[]=all", "kind"),
    ("/console/jobs?kind=code,,", "kind"),
    ("/console/jobs?state=queued,", "state"),
    ("/console/jobs?status=a&status=b", "status"),
    ("/console/jobs?since[]=1h", "since"),
    ("/console/jobs?before=", "before"),
    ("/console/jobs?before=1&before=2", "before"),
    ("/console/jobs?id[]=1", "id"),
    ("/console/targets?name[]=AGE", "name"),
    ("/console/targets?name=A&name=B", "name"),
]
FINE = [
    "/jobs?operation=ADD,REMOVE&operation=BUMP&operation[]=CHANGE",
    "/jobs?status=queued&limits=&nothing[]=1&x=1&x=2",
    "/jobs?kind=dataset,code&state=queued&state=running",
    "/stats?kind[]=",
    "/users/1?uid=0",
    "/users/007",
    f"/users/{2**63 - 1}",
    "/console/jobs?kind=&state=&status=&source=&since=&until=&id=",
    "/console/targets?name=",
]
PAGE = {"Accept": "text/html"}


def test_what_is_no_good_value_is_400_and_named(http):
    submit(http, "list")
    for path, name in BAD:
        answer = http.get(path)
        assert answer.status_code == 400, (path, answer.text)
        assert [fault["loc"] for fault in answer.json["errors"]] == [[name]], path
        assert answer.json["message"].startswith(f"{name}: "), path


def test_the_encoding_farms_routes_do_so_too(http):
    for path, name in BAD_OF_API:
        answer = http.get(path)
        assert (answer.status_code, answer.json["msg"].partition(":")[0]) == (400, name)


def test_a_page_says_so_on_a_page(http):
    for path, name in BAD_ON_PAGES:
        answer = http.get(path, headers=PAGE)
        assert (answer.status_code, answer.mimetype) == (400, "text/html"), path
        assert name in answer.text


def test_a_bad_delay_of_a_release_is_named(http):
    for query in ("delay=", "delay[]=1", "delay=1&delay=2", "delay=-1"):
        answer = http.delete(f"/claims/claim-id/jobs/x?{query}")
        assert (answer.status_code, answer.json["errors"][0]["loc"]) == (400, ["delay"])


def test_good_values_and_unknown_parameters_are_no_fault(http):
    for path in FINE:
        assert http.get(path).status_code == 200, path
