#!/usr/bin/env bash
# Install the named Debian packages if they are missing and we may; say what is missing where we may not.
# The suite skips what it cannot run, with its reason.
set -u
missing=()
for package in "$@"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "本机不是 Debian 系，缺少 ${missing[*]}；需要它们的测试会跳过并说明原因"
  exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if sudo -n true 2>/dev/null; then as_root=(sudo -n); else
    echo "没有安装权限，缺少 ${missing[*]}；需要它们的测试会跳过并说明原因（可先运行 sudo apt-get install ${missing[*]}）"
    exit 0
  fi
fi
echo "安装 Debian 软件包：${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  echo "安装 ${missing[*]} 失败；需要它们的测试会跳过并说明原因"
exit 0
