"""How clients that know nothing of claims ask: without a name, from an address."""

FAR, OTHER, LOOPBACK, LOOPBACK_2 = "10.1.2.3", "10.1.2.4", "127.0.0.1", "127.0.0.2"


def asked(address, worker=None, **headers):
    """Return what goes with a request from that address."""
    named = {"X-Worker": worker} if worker else {}
    return {"environ_base": {"REMOTE_ADDR": address}, "headers": {**named, **headers}}


def put(http, job_id, status, address=LOOPBACK, worker=None, **update):
    return http.put(f"/jobs/{job_id}", json={"status": status, **update}, **asked(address, worker))


def refusal(answer):
    return answer.status_code, answer.json.get("code")
