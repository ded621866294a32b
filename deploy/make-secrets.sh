#!/usr/bin/env bash
# Draw all secrets of docker-compose.yml once, into deploy/secrets (mode 700, ignored by git). Existing ones are kept.
# Needs openssl and the mosquitto_passwd of the broker's image or package. TLS certificate and key come from the
# district's own authority: put them there as tls_certificate.pem and tls_key.pem.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
draw() { [ -s "secrets/$1" ] || openssl rand -base64 36 | tr -d '/+=\n' > "secrets/$1"; }
draw database_password
draw secret_key
draw metrics_token
for role in owner app intake report; do  # brain/store/roles.sql; report is for analysts' own tools
  draw "database_password_$role"
  [ -s "secrets/database_url_$role" ] || printf 'postgresql://brain_%s:%s@db:5432/brain' "$role" "$(cat "secrets/database_password_$role")" > "secrets/database_url_$role"
done
users=$(sed -n 's/^user //p' mosquitto.acl)  # made from the catalog: python -m ingest acl mosquitto
for user in $users; do draw "mqtt_$user"; done
for n in 1 2; do  # a user a worker: the broker takes the user's name for the client id
  [ -s "secrets/mqtt_url_$n" ] || printf 'mqtt://intake-%s:%s@broker:1883' "$n" "$(cat "secrets/mqtt_intake-$n")" > "secrets/mqtt_url_$n"
done
missing=
for user in $users; do grep -q "^$user:" secrets/mqtt_passwords 2>/dev/null || missing=1; done
if [ -n "$missing" ]; then
  for user in $users; do printf '%s:%s\n' "$user" "$(cat "secrets/mqtt_$user")"; done > secrets/mqtt_passwords
  mosquitto_passwd -U secrets/mqtt_passwords
fi
# SM4 keys of stations that encrypt (HJ 212-2025): [hj212] MN = "32 hex digits"; empty as long as none does
[ -e secrets/station_keys.toml ] || printf '[hj212]\n' > secrets/station_keys.toml
for file in tls_certificate.pem tls_key.pem; do
  [ -s "secrets/$file" ] || echo "missing: deploy/secrets/$file (from the district's certificate authority)"
done
chmod 644 secrets/database_url_* secrets/database_password_* secrets/mqtt_url_1 secrets/mqtt_url_2 secrets/mqtt_passwords secrets/mqtt_health secrets/secret_key secrets/metrics_token secrets/station_keys.toml 2>/dev/null || true
echo "secrets are in deploy/secrets; the departments' MQTT passwords are the files mqtt_<department>"
