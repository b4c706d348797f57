"""The client that the original's users have from npm, as it is, against a running server.

It insists on https and on addresses and tokens of the original's form. Where there is no node,
or no registry to install it from, the test is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.certificates import make_certificate
from tests.server.servers import serving, token
from tests.server.sessions import DAY, HOUR_MS

PACKAGE = "@dt-esa/dynatrace-api-client@2.0.3"
ENVIRONMENT = "1234abcd-12ab-34cd-56ef-1234567890ab"
SCRIPT = """
const { DynatraceTenantAPI } = require("@dt-esa/dynatrace-api-client");
(async () => {
  const api = new DynatraceTenantAPI(
    { url: process.env.TENANT_URL, token: process.env.TENANT_TOKEN },
    { requiredTokenScopes: ["DTAQLAccess"] });
  const times = JSON.parse(process.env.TIMES);
  const usql = api.v1.userSessionQueryLanguage;
  await api.v1.testConnectivity(["DTAQLAccess"]);
  const query = "SELECT country, COUNT(*) FROM usersession GROUP BY country";
  const found = { table: await usql.getUsqlResults({ query, ...times, explain: false }),
                  tree: await usql.getUsqlResultsAsTree({ query, ...times }) };
  found.all = await usql.getAllUserSessions({ usqlFilter: "duration > 0", ...times });
  try {
    await usql.getUsqlResults({ query: "SELECT contry FROM usersession" });
  } catch (error) {
    found.error = { status: error.response.status, data: error.response.data };
  }
  console.log("FOUND" + JSON.stringify(found));
})().catch(error => { console.error(error); process.exit(1); });
"""


PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
"""Where node is, if it is anywhere: of the system, or of the extra ``npm``."""


def _found(program: str) -> str:
    return shutil.which(program, path=PATH) or program


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the client is installed."""
    if shutil.which("node", path=PATH) is None or shutil.which("npm", path=PATH) is None:
        pytest.skip("node and npm are not installed; the extra npm brings them")
    folder = tmp_path_factory.mktemp("npm")
    try:
        done = subprocess.run(
            [_found("npm"), "install", "--prefix", str(folder), "--no-audit", "--no-fund", PACKAGE],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "PATH": PATH},
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the npm registry does not answer")
    if done.returncode != 0:
        pytest.skip(f"{PACKAGE} cannot be installed: {done.stderr[-300:]}")
    return folder


def test_the_client_from_npm(client: Path, store: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    script = client / "ask.js"
    script.write_text(SCRIPT)
    secret = token(store, "query")
    with serving(store, "--tls-cert", certificate, "--tls-key", key) as server:
        done = subprocess.run(
            [_found("node"), str(script)],
            cwd=client,
            env={
                **os.environ,
                "PATH": PATH,
                "NODE_EXTRA_CA_CERTS": str(certificate),
                "TENANT_URL": f"https://localhost:{server.port}/e/{ENVIRONMENT}/",
                "TENANT_TOKEN": secret,
                "TIMES": json.dumps(
                    {"startTimestamp": DAY - HOUR_MS, "endTimestamp": DAY + HOUR_MS}
                ),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, (done.stdout, done.stderr, server.log)
    found = json.loads(done.stdout.partition("FOUND")[2])
    assert found["table"]["columnNames"] == ["country", "count(*)"]
    assert sorted(found["table"]["values"]) == [["Austria", 2], ["Spain", 1], ["null", 1]]
    assert found["tree"]["values"] == {"Austria": [2], "Spain": [1], "null": [1]}
    assert len(found["all"]) == 4
    assert {row["userSessionId"] for row in found["all"]} == {"S1", "S2", "S3", "S4"}
    assert found["error"]["status"] == 404
    assert "did you mean country?" in found["error"]["data"]["error"]["message"]
    assert "/tokens/lookup status=200" in server.log
    assert secret not in server.log
