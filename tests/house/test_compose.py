"""docker-compose.yml cannot be started by the suite (no Docker engine); it is parsed and held against the settings."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from brain.catalog import load
from brain.settings import Settings, env_name
from ingest import acl

TOP = Path(__file__).parents[2]
OURS = {"migrate", "ingest-1", "ingest-2", "engine", "web-1", "web-2"}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((TOP / "docker-compose.yml").read_text(encoding="utf-8"))


def test_every_brain_variable_is_a_setting(compose):
    known = {env_name(f.name) for f in fields(Settings)}
    odd = {
        (service, name)
        for service, body in compose["services"].items()
        for name in body.get("environment", {})
        if name.startswith("BRAIN_") and name.removesuffix("_FILE") not in known
    }
    assert not odd, f"docker-compose.yml: no such setting {odd}"


def test_secrets_come_from_files_and_every_one_is_declared(compose):
    for service, body in compose["services"].items():
        for name in body.get("secrets", []):
            assert name in compose["secrets"], f"{service}: secret {name} is not declared"
    for name, secret in compose["secrets"].items():
        assert secret["file"].startswith("./deploy/secrets/"), f"{name} does not come from deploy/secrets"
    for service, body in compose["services"].items():
        for variable, value in (body.get("environment") or {}).items():
            if variable.endswith("_FILE"):
                assert Path(value).name in body["secrets"], f"{service}: {variable} points at no mounted secret"


def test_no_password_stands_in_the_file(compose):
    text = (TOP / "docker-compose.yml").read_text(encoding="utf-8")
    assert not re.search(r"(?i)(password|secret_key|token)\s*:\s*[^{/\s\[]", text.replace("PASSWORD_FILE:", ""))
    assert "allow_anonymous false" in (TOP / "deploy/mosquitto.conf").read_text()


def test_the_secrets_folder_is_never_committed():
    assert "deploy/secrets/" in (TOP / ".gitignore").read_text().splitlines()


def test_two_intake_workers_share_one_subscription_under_two_names(compose):
    workers = [compose["services"][s]["environment"] for s in ("ingest-1", "ingest-2")]
    assert {w["BRAIN_WORKER"] for w in workers} == {"w1", "w2"}
    assert len({w["BRAIN_MQTT_SHARE"] for w in workers}) == 1


def test_each_worker_is_a_user_of_its_own_because_the_broker_knows_clients_by_their_user(compose):
    conf = (TOP / "deploy/mosquitto.conf").read_text()
    for listener in conf.split("\nlistener ")[1:]:
        assert "use_username_as_clientid true" in listener.splitlines()
    urls = [compose["services"][s]["environment"]["BRAIN_MQTT_URL_FILE"] for s in ("ingest-1", "ingest-2")]
    assert urls == ["/run/secrets/mqtt_url_1", "/run/secrets/mqtt_url_2"]
    made = (TOP / "deploy/make-secrets.sh").read_text()
    assert "mqtt://intake-%s:%s@broker:1883" in made and acl.WORKERS == ("intake-1", "intake-2")


def test_nobody_but_intake_has_a_credential_of_the_broker(compose):
    has = {s for s in OURS if any(name.startswith("mqtt") for name in compose["services"][s]["secrets"])}
    assert has == {"ingest-1", "ingest-2"}


def test_migrate_runs_once_and_before_everything_of_ours(compose):
    assert compose["services"]["migrate"]["restart"] == "no"
    for service in OURS - {"migrate"}:
        waits = compose["services"][service]["depends_on"]["migrate"]["condition"]
        assert waits == "service_completed_successfully", service


def test_every_lasting_service_has_a_health_check(compose):
    lost = [s for s, body in compose["services"].items() if s != "migrate" and "healthcheck" not in body]
    assert not lost, f"no health check: {lost}"


def test_only_what_is_encrypted_is_open_to_all_and_telemetry_to_a_private_line(compose):
    published = {s: body["ports"] for s, body in compose["services"].items() if "ports" in body}
    assert (published.pop("proxy"), published.pop("broker")) == (["443:443", "80:80"], ["8883:8883"])
    settings = compose["services"]["ingest-1"]["environment"]
    doors = sorted(settings[f"BRAIN_{name}_PORT"] for name in ("HJ212", "SL651", "GB26875"))
    assert {k: sorted(v) for k, v in published.items()} == {
        "ingest-1": [f"${{DOORS_BIND:-127.0.0.1}}:{port}:{port}" for port in doors]
    }


def test_the_proxy_hands_pushes_to_both_intake_workers(compose):
    text = (TOP / "deploy/nginx.conf").read_text()
    for service in ("ingest-1", "ingest-2"):
        port = compose["services"][service]["environment"]["BRAIN_PUSH_PORT"]
        assert f"server {service}:{port}" in text


def test_the_proxy_knows_both_web_servers_and_their_port(compose):
    text = (TOP / "deploy/nginx.conf").read_text()
    for service in ("web-1", "web-2"):
        port = compose["services"][service]["environment"]["BRAIN_HTTP_PORT"]
        assert f"server {service}:{port}" in text


def test_every_named_volume_is_declared_and_mounted(compose):
    mounted = {
        v.split(":")[0]
        for body in compose["services"].values()
        for v in body.get("volumes", [])
        if not v.startswith(".")
    }
    assert mounted == set(compose["volumes"])


def test_every_mounted_file_of_ours_exists(compose):
    for service, body in compose["services"].items():
        for volume in body.get("volumes", []):
            if volume.startswith("./"):
                assert (TOP / volume.split(":")[0]).exists(), f"{service}: {volume}"


def test_a_department_may_write_only_its_own_topics():
    text = (TOP / "deploy/mosquitto.acl").read_text()
    granted = re.findall(r"^topic (\w+) (\S+)", text, re.M)
    assert granted
    assert not [t for how, t in granted if how != "read" and t.endswith("441402/#")], "somebody may write everything"
    assert not re.search(r"^(topic|pattern) readwrite", text, re.M)


@pytest.mark.parametrize(("form", "file"), [("mosquitto", "mosquitto.acl"), ("emqx", "emqx-acl.conf")])
def test_the_brokers_permissions_are_those_of_the_catalog(form, file):
    made = acl.FORMS[form](load())
    assert (TOP / "deploy" / file).read_text() == made, f"run: python -m ingest acl {form} > deploy/{file}"


def test_every_user_of_the_broker_gets_a_password():
    users = re.findall(r"^user (\S+)", (TOP / "deploy/mosquitto.acl").read_text(), re.M)
    text = (TOP / "deploy/make-secrets.sh").read_text()
    assert "sed -n 's/^user //p' mosquitto.acl" in text and {*acl.WORKERS, "health"} <= set(users)


def test_commands_of_the_file_exist_on_the_command_line(compose):
    from brain.__main__ import parser

    verbs = {a for action in parser()._actions if action.choices for a in action.choices}
    for service in OURS:
        command = compose["services"][service]["command"]
        if command[0] == "brain":
            assert command[1] in verbs, f"{service}: {command}"
    for body in compose["services"].values():
        test = body.get("healthcheck", {}).get("test", [])
        if test[:2] == ["CMD", "brain"]:
            assert test[2] in verbs


def test_every_service_is_bounded_and_can_do_no_more_than_it_needs(compose):
    for service, body in compose["services"].items():
        assert body.get("mem_limit"), f"{service}: no memory limit"
        assert body.get("pids_limit"), f"{service}: no limit of processes"
        assert body.get("read_only") is True, f"{service}: its root can be written"
        assert body.get("cap_drop") == ["ALL"], f"{service}: keeps capabilities"
        assert "no-new-privileges:true" in body.get("security_opt", []), service
        assert "privileged" not in body and "SYS_ADMIN" not in body.get("cap_add", []), service


def test_every_image_is_named_by_a_whole_version(compose):
    images = {body["image"] for body in compose["services"].values()}
    images |= set(re.findall(r"^FROM (\S+)", (TOP / "Dockerfile").read_text(), re.M))
    loose = [i for i in images if not re.search(r":\d+\.\d+\.\d+", i)]
    assert not loose, f"not pinned: {loose}"


def test_the_web_servers_believe_the_proxys_network_and_nobody_elses(compose):
    subnet = compose["networks"]["edge"]["ipam"]["config"][0]["subnet"]
    for service in ("web-1", "web-2"):
        assert compose["services"][service]["environment"]["BRAIN_TRUSTED_PROXY"] == subnet
    assert "X-Forwarded-For $remote_addr" in (TOP / "deploy/nginx.conf").read_text()


def test_the_proxys_log_holds_no_query_cookie_or_referrer():
    text = (TOP / "deploy/nginx.conf").read_text()
    form = re.search(r"log_format plain .*", text)[0]
    assert "access_log /dev/stdout plain" in text
    assert not re.search(r"\$(request\b(?!_)|request_uri|args|query_string|http_cookie|http_referer|remote_user)", form)
def test_every_service_logs_in_with_the_account_of_its_duty_and_none_as_the_superuser(compose):
    used = {s: Path(compose["services"][s]["environment"]["BRAIN_DATABASE_URL_FILE"]).name for s in OURS}
    assert used.pop("migrate") == "database_url_owner"
    assert {s: u for s, u in used.items() if s.startswith("ingest")} == dict.fromkeys(("ingest-1", "ingest-2"), "database_url_intake")
    assert {u for s, u in used.items() if not s.startswith("ingest")} == {"database_url_app"}
    held = {s: set(body.get("secrets", [])) for s, body in compose["services"].items()}
    assert [s for s, names in held.items() if "database_password" in names] == ["db"]
    assert [s for s, names in held.items() if "database_url_owner" in names] == ["migrate"]


def test_the_database_container_makes_the_roles_that_make_secrets_draws_passwords_for(compose):
    mounted = " ".join(compose["services"]["db"]["volumes"])
    assert "./deploy/database-roles.sh:/docker-entrypoint-initdb.d/900_roles.sh:ro" in mounted
    assert "./brain/store/roles.sql:/roles.sql:ro" in mounted
    for file in ("database-roles.sh", "make-secrets.sh"):
        assert "for role in owner app intake report; do" in (TOP / "deploy" / file).read_text()
