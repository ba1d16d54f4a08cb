import json
import re

from tilecli.studio.export.places import Places, script
from tilecli.studio.pages import PAGES


def test_a_view_has_one_folder_whatever_its_runs_are_called() -> None:
    places = Places()
    places.call("first", ["abc1234", "first"])
    places.call("main", ["first", "def5678"])  # whose name another run has already
    assert places.add(PAGES["run"], {"name": "abc1234", "tab": "photos"}) == ("run/first", True)
    assert places.add(PAGES["run"], {"name": "first"}) == ("run/first", False)
    assert places.add(PAGES["compare"], {"runs": "def5678,first"}) == ("compare/main,first", True)
    assert places.add(PAGES["compare"], {"runs": "first,main"}) == ("compare/first,main", True)
    assert places.add(PAGES["axes"], {}) == ("axes", True)
    known = places.as_dict()
    assert known["names"] == {"abc1234": "first", "def5678": "main"}
    assert json.loads(json.dumps(known))["pages"] == {
        "run": {"asks": ["name"], "named": True, "at": {"first": "run/first"}},
        "compare": {
            "asks": ["runs"], "named": True,
            "at": {"main,first": "compare/main,first", "first,main": "compare/first,main"},
        },
        "axes": {"asks": ["target"], "named": False, "at": {"": "axes"}},
    }  # fmt: skip


def test_any_name_becomes_one_of_a_folder_and_no_two_become_the_same() -> None:
    places = Places()
    names = ["exp/a b", "exp-a-b", "exp/a/b", "Exp-a-b", "..", "../..", "ä", "ö", "x" * 300, "x" * 301, "-"]
    folders = [places.add(PAGES["run"], {"name": name})[0] for name in names]
    assert len({folder.lower() for folder in folders}) == len(names)
    assert all(re.fullmatch(r"run/[A-Za-z0-9_,=-][A-Za-z0-9_.,=-]{0,80}", folder) for folder in folders), folders
    assert "exp-a-b" in folders[1]


def test_the_script_holds_both_and_no_name_can_break_it() -> None:
    places = Places()
    places.add(PAGES["run"], {"name": "\u2028\"'</script>"})
    text = script(places, {"studio/a.js": "data:text/javascript;base64,YQ=="})
    first, second = text.splitlines()
    held = json.loads(first.removeprefix("window.tilesExport = ").removesuffix(";"))
    assert list(held["pages"]["run"]["at"]) == ["\u2028\"'</script>"]
    quoted = re.search(r"textContent: (.*) \}\)\);$", second)
    assert quoted is not None
    assert json.loads(json.loads(quoted[1]))["imports"] == {"studio/a.js": "data:text/javascript;base64,YQ=="}
