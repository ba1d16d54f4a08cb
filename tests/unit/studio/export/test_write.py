import json
import re
from pathlib import Path

import pytest

from tilecli.errors import UsageError
from tilecli.layout import Project
from tilecli.studio import export, shell
from tilecli.studio.pages import PAGES


def test_the_pages_need_nothing_but_their_folder(project: Project, tmp_path: Path) -> None:
    first = export.write(project, tmp_path / "site")
    pages = [path for path in first.parent.rglob("index.html") if path != first]
    assert {path.relative_to(first.parent).parts[0] for path in pages} == {
        page.name for page in PAGES.values() if page.exported
    }
    for page in pages:
        text = page.read_text()
        for name in re.findall(r'(?:src|href)="([^"#]+)"', text):
            assert (page.parent / name).resolve().is_file(), name
        mapped = json.loads(re.search(r'<script type="importmap"[^>]*>(.*?)</script>', text, re.S)[1])["imports"]
        assert all(address.startswith("data:text/javascript;base64,") for address in mapped.values())
        scripts = [path.read_text() for path in shell.FILES.values() if path.suffix == ".js"]
        for script in [text, *scripts]:
            for name in re.findall(r'from "(studio/[^"]+)"|import "(studio/[^"]+)"', script):
                assert "".join(name) in mapped
        assert "data-exported" in text
        assert 'data-token=""' in text


def test_an_export_takes_the_place_of_an_export_and_of_nothing_else(project: Project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    export.write(project, site)
    (site / "old").write_text("")
    export.write(project, site)
    assert not (site / "old").exists()
    (site / ".tiles-studio").unlink()
    with pytest.raises(UsageError, match="holds something else"):
        export.write(project, site)
