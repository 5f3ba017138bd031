"""The poller against a simulated GitHub: each thing that goes wrong, one at a time."""

import hashlib
import zipfile

import pytest

from daemon.errors import Retryable, SourceUnavailable, Unavailable
from daemon.settings import Repository
from daemon.store import cursors
from daemon.store.overview import overview

REPOSITORY = "octo/orders"


def test_every_upload_since_the_backfill_window_is_taken_once_whatever_its_run_came_to(station, github):
    old = github.upload(REPOSITORY, at=github.now - 15 * 86_400)
    kept = [github.upload(REPOSITORY, at=github.now - days * 86_400) for days in (13, 5, 0)]
    here = station(REPOSITORY)
    here.poll()
    here.poll()
    assert here.taken() == [upload.id for upload in kept]
    assert old.id not in here.taken()
    stored = here.rows("SELECT stored_at, sha256, commit_sha, branch, run_id FROM artifacts ORDER BY id")
    assert [row[1] for row in stored] == [hashlib.sha256(upload.content).hexdigest() for upload in kept]
    assert [row[2:] for row in stored] == [(f"{upload.id:040x}", "main", upload.id + 7) for upload in kept]
    assert here.storage.path(stored[0][0]).read_bytes() == kept[0].content


def test_a_backfill_of_no_days_stays_one_in_later_rounds(station, github):
    github.upload(REPOSITORY, at=github.now - 3600)
    here = station(REPOSITORY, backfill_days=0)
    here.poll()
    new = github.upload(REPOSITORY)
    here.poll()
    assert here.taken() == [new.id]


def test_an_unchanged_list_costs_nothing_of_the_budget(station, github):
    github.upload(REPOSITORY)
    here = station(REPOSITORY)
    here.poll()
    used, bytes_sent = github.budget_used(), github.bytes_sent
    for _ in range(10):
        here.poll()
    assert github.counts[304] == 10
    assert (github.budget_used(), github.bytes_sent) == (used, bytes_sent)


def test_names_and_branches_are_chosen_by_patterns_and_a_forks_main_is_not_main(station, github):
    wanted = github.upload(REPOSITORY, "zizmor-results")
    github.upload(REPOSITORY, "zizmor-results", branch="feature/x")
    github.upload(REPOSITORY, "zizmor-results", fork=True)
    github.upload(REPOSITORY, "app.apk")
    here = station(Repository(name=REPOSITORY, branches=("main", "release/*"), artifacts=("*-results",)))
    here.poll()
    assert here.taken() == [wanted.id]


def test_an_upload_that_was_begun_before_and_finished_after_a_round_is_not_missed(station, github):
    here = station(REPOSITORY)
    github.upload(REPOSITORY)
    here.poll()
    late = github.upload(REPOSITORY, at=github.server_now - 4 * 3600)
    here.poll()
    assert late.id in here.taken()


@pytest.mark.parametrize("fault", ["insert", "delete"])
def test_pages_that_shift_while_they_are_read_hide_nothing(station, github, fault):
    github.upload(REPOSITORY)
    decoys = [github.upload(REPOSITORY, "decoy") for _ in range(120)]
    wanted = [github.upload(REPOSITORY) for _ in range(130)]
    github.repositories[REPOSITORY].sort(key=lambda upload: upload.name != "decoy")
    for number, upload in enumerate([*wanted, *decoys]):
        upload.at = github.server_now - number
    # The list's pages: 1, then a change, 2, then a change, 3, and the same again to be sure.
    github.faults.extend([None, fault, fault, None, fault, None])
    here = station(Repository(name=REPOSITORY, artifacts=("scan-*",)))
    here.poll()
    here.poll()
    expected = [upload.id for upload in github.repositories[REPOSITORY] if upload.name != "decoy"]
    assert here.taken() == sorted(expected)


def test_a_deletion_between_two_pages_does_not_hide_what_moved_to_the_page_before(station, github):
    """Without the second walk this very upload would be lost."""
    uploads = [github.upload(REPOSITORY, at=github.server_now - number) for number in range(150)]
    here = station(REPOSITORY)

    def delete_the_newest(request):
        if "page=2" in request.url and uploads[0] in github.repositories[REPOSITORY]:
            github.repositories[REPOSITORY].remove(uploads[0])

    github.on_request = delete_the_newest
    here.poll(wait=0)
    known = {id_ for (id_,) in here.rows("SELECT upload_id FROM poll_uploads")}
    assert {upload.id for upload in uploads[1:]} <= known


@pytest.mark.parametrize("fault", ["403-after", "429-after", "403-bare", "429-bare", "spent"])
def test_a_rate_limit_ends_the_round_and_is_kept_to_even_by_a_new_process(station, github, fault):
    """The fixture `github` fails the test when anything is asked too early."""
    github.upload(REPOSITORY)
    github.upload("octo/other")
    github.faults.append(fault)
    here = station(REPOSITORY, "octo/other", interval_seconds=1)
    wait = here.poll(wait=1)
    assert github.counts["requests"] == 1
    here.restart()
    while not here.taken():
        wait = here.poll(wait=1)
    assert len(here.taken()) == 2 or wait


def test_a_server_that_names_a_time_at_which_it_is_well_again_is_not_asked_before(station, github):
    github.upload(REPOSITORY)
    here = station(REPOSITORY, interval_seconds=60)
    api, began = github._api, github.now
    github._api = lambda *_: (503, {"Retry-After": "1200"}, b"maintenance")
    here.poll(wait=60)
    github._api = api
    while not here.taken():
        here.poll(wait=60)
    times = [at for at, _, _ in github.log]
    assert times[1] - times[0] >= 1200
    assert times[1] < began + 1400


@pytest.mark.parametrize("skew", [-7200.0, 7200.0])
def test_a_clock_that_is_wrong_by_hours_neither_asks_early_nor_misses_anything(station, github, skew):
    github.skew = skew
    uploads = [github.upload(REPOSITORY)]
    github.faults.append("spent")
    here = station(REPOSITORY, interval_seconds=60)
    for _ in range(70):
        here.poll(wait=60)
    uploads.append(github.upload(REPOSITORY))
    here.poll()
    assert here.taken() == [upload.id for upload in uploads]


def test_limits_met_again_and_again_are_waited_out_for_longer(station, github):
    github.upload(REPOSITORY)
    github.faults.extend(["403-bare"] * 3)
    here = station(REPOSITORY, interval_seconds=1)
    waits = [here.poll() for _ in range(3)]
    assert waits == pytest.approx([60, 120, 240], abs=1)


def test_a_refusal_that_is_no_rate_limit_leaves_the_other_repositories_alone(station, github):
    other = github.upload("octo/other")
    here = station("octo/secret", "octo/other")
    here.poll()
    assert here.taken() == [other.id]
    ((reason, failures),) = here.rows("SELECT reason, failures FROM poll_repositories WHERE repository='octo/secret'")
    assert failures == 1
    assert "`Actions: read`" in reason


def test_an_expired_upload_is_given_up_at_once(station, github):
    upload = github.upload(REPOSITORY)
    here = station(REPOSITORY)
    github.faults.extend([None, "5xx"])
    here.poll()
    upload.expired = True
    here.poll()
    here.poll()
    assert here.taken() == []
    assert here.rows("SELECT state FROM poll_uploads") == [("expired",)]


def test_a_new_token_is_used_at_once_and_its_etags_are_its_own(station, github):
    github.upload(REPOSITORY)
    here = station(REPOSITORY)
    here.poll()
    github.tokens.append("ghp_" + "b" * 36)
    new = github.upload(REPOSITORY)
    here.poll()
    assert new.id in here.taken()


def test_a_refused_token_is_not_shown_again_until_there_is_another(station, github):
    github.upload(REPOSITORY)
    here = station(REPOSITORY, "octo/other", interval_seconds=60)
    valid = github.token
    github.tokens = ["ghp_" + "c" * 36, valid]
    here.poller._gate._token = lambda: github.tokens[0]
    for _ in range(5):
        here.poll(wait=60)
    assert github.counts[401] == 1
    here.poller._gate._token = lambda: valid
    here.poll(wait=60)
    assert len(here.taken()) == 1


def test_without_a_token_it_says_what_to_do(station, github):
    here = station(REPOSITORY)
    here.poller._gate._token = lambda: None
    with pytest.raises(Unavailable, match="secaid setup --token"):
        here.poller.poll()


def test_a_download_goes_on_where_it_broke_off_with_a_new_address(station, github, zipped):
    upload = github.upload(REPOSITORY, content=zipped("a.json", bytes(range(256)) * 4000))
    # list; mint, half; then mint, the other half
    github.faults.extend([None, None, "truncated"])
    here = station(REPOSITORY)
    here.poll()
    assert here.taken() == []
    (partial,) = (here.paths.staging / "downloads").glob("*.part")
    assert partial.stat().st_size > len(upload.content) * 0.4
    here.restart()
    before = github.bytes_sent
    here.poll()
    assert here.taken() == [upload.id]
    assert github.bytes_sent - before < len(upload.content) * 0.6
    assert not list(partial.parent.iterdir()), "nothing stays behind"


def test_a_blob_store_that_ignores_the_range_is_read_from_the_beginning(station, github, zipped):
    upload = github.upload(REPOSITORY, content=zipped("a.json", b"x" * 50_000))
    github.faults.extend([None, None, "truncated"])
    here = station(REPOSITORY)
    here.poll()
    github.faults.extend([None, None, "range-ignored"])
    here.poll()
    assert here.taken() == [upload.id]


@pytest.mark.parametrize("tags", [True, False])
def test_without_a_digest_a_download_goes_on_only_where_the_blob_store_vouches_for_it(station, github, zipped, tags):
    github.blob_tags = tags
    upload = github.upload(REPOSITORY, content=zipped("a.json", bytes(range(256)) * 4000), digest=False)
    github.faults.extend([None, None, "truncated"])
    here = station(REPOSITORY)
    here.poll()
    here.restart()
    before = github.bytes_sent
    here.poll()
    assert here.taken() == [upload.id]
    assert (github.bytes_sent - before < len(upload.content) * 0.6) is tags
    assert not list((here.paths.staging / "downloads").iterdir()), "nothing stays behind"


@pytest.mark.parametrize(("tags", "ignores"), [(True, False), (True, True), (False, False)])
def test_without_a_digest_halves_of_two_files_are_never_put_together(station, github, zipped, tags, ignores):
    github.blob_tags, github.ignores_if_range = tags, ignores
    upload = github.upload(REPOSITORY, content=zipped("a.json", bytes(range(256)) * 4000), digest=False)
    half = "truncated"
    send = github._bytes
    github._bytes = lambda upload, request, fault: github._cut(*_other(send, upload, request), half)
    here = station(REPOSITORY)
    here.poll()
    assert here.taken() == []
    github._bytes = send
    for _ in range(3):
        here.poll(wait=7200)
    assert here.taken() == [upload.id]
    assert here.rows("SELECT sha256 FROM artifacts") == [(hashlib.sha256(upload.content).hexdigest(),)]


def _other(send, upload, request):
    """The blob store's answer with other bytes, of the same length."""
    status, headers, content, _ = send(upload, request, "wrong")
    return status, headers, content


def test_wrong_bytes_are_never_taken_asked_for_ever_more_slowly_and_told_of(station, github):
    upload = github.upload(REPOSITORY)
    here = station(REPOSITORY)
    send = github._bytes
    github._bytes = lambda upload, request, fault: send(upload, request, "wrong")
    for _ in range(72):
        here.poll(wait=3600)
    assert here.taken() == []
    assert 10 <= sum("blobs" in url for _, url, _ in github.log) <= 40
    with here.store.read() as conn:
        (told,) = cursors.attention(conn, github.now)
    assert "does not have the digest" in told
    assert told in overview(here.store, now=github.now).attention
    github._bytes = send
    here.poll(wait=7 * 3600)
    here.poll()
    assert here.taken() == [upload.id]


def test_an_upload_that_was_deleted_after_it_was_listed_is_given_up(station, github):
    upload = github.upload(REPOSITORY)
    here = station(REPOSITORY)
    github.faults.extend([None, "5xx"])
    here.poll()
    github.repositories[REPOSITORY].remove(upload)
    for _ in range(10):
        here.poll(wait=3600)
    assert here.rows("SELECT state FROM poll_uploads") == [("expired",)]


def test_an_upload_over_the_limit_is_refused_without_a_download(station, github):
    github.upload(REPOSITORY, content=b"PK\x03\x04" + b"x" * 5000)
    here = station(REPOSITORY)
    here.poller._downloads._most = 1000
    here.poll()
    assert here.rows("SELECT state FROM poll_uploads") == [("refused",)]
    assert github.counts["requests"] == 1


def test_a_report_uploaded_without_a_zip_keeps_its_name_inside_the_stored_one(station, github):
    github.upload(REPOSITORY, "results.sarif", content=b'{"runs": []}')
    github.upload(REPOSITORY, "../../evil.zip", content=b"not a zip")
    here = station(REPOSITORY)
    here.poll()
    stored = dict(here.rows("SELECT name, stored_at FROM artifacts"))
    with zipfile.ZipFile(here.storage.path(stored["results.sarif"])) as archive:
        assert archive.read("results.sarif") == b'{"runs": []}'
    with zipfile.ZipFile(here.storage.path(stored["../../evil.zip"])) as archive:
        assert archive.namelist() == ["evil.zip.txt"]


@pytest.mark.parametrize("fault", ["connection", "5xx", "garbage"])
def test_a_failing_github_is_asked_ever_more_slowly(station, github, fault):
    github.upload(REPOSITORY)
    github.faults.extend([fault] * 6)
    here = station(REPOSITORY, interval_seconds=60)
    for _ in range(150):
        here.poll(wait=60)
    assert len(here.taken()) == 1
    times = [at for at, url, failed in github.log if failed]
    assert times[-1] - times[0] > 20 * 60


def test_the_source_is_waited_for_a_while_and_then_done_without(station, github):
    github.upload(REPOSITORY)
    here = station(REPOSITORY)
    asked = []

    def source(repository, commit):
        asked.append(commit)
        raise Retryable("the mirror cannot be reached")

    here.source = source
    here.restart()
    for _ in range(30):
        here.poll(wait=600)
    assert len(asked) == 4
    assert len(here.taken()) == 1


def test_a_commit_that_exists_no_more_does_not_hold_its_artifact_up(station, github):
    github.upload(REPOSITORY)
    here = station(REPOSITORY)

    def source(repository, commit):
        raise SourceUnavailable("not our ref")

    here.source = source
    here.restart()
    here.poll()
    assert len(here.taken()) == 1


def test_a_kill_between_download_and_commit_gives_the_artifact_once(station, github, monkeypatch):
    upload = github.upload(REPOSITORY)
    here = station(REPOSITORY)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("daemon.poll.github.record", killed)
        with pytest.raises(KeyboardInterrupt):
            here.poll()
    assert here.rows("SELECT count(*) FROM artifacts") == [(0,)]
    assert here.rows("SELECT state FROM poll_uploads") == [("pending",)]
    here.restart()
    here.poll()
    assert here.taken() == [upload.id]


def test_the_signature_of_a_download_address_is_in_no_table(station, github):
    github.upload(REPOSITORY)
    github.faults.extend([None, None, "connection"])
    here = station(REPOSITORY)
    here.poll()
    ((reason,),) = here.rows("SELECT reason FROM poll_uploads")
    assert "s3cret" not in reason
    assert "broke off" in reason
