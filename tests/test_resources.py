from __future__ import annotations

import sys

import pytest

from desktop_app import resources
from desktop_app.errors import ModelError
from desktop_app.resources import ResourceError, model_names, model_path, models_dir, resource_path


@pytest.fixture(autouse=True)
def forget():
    resources._folder.cache_clear()
    yield
    resources._folder.cache_clear()


def test_the_source_tree_has_its_models() -> None:
    assert model_names()[0] == "headcount"
    assert {"mini_xception", "fully_conv9"} <= set(model_names())
    assert model_path("headcount") == models_dir() / "headcount"


def test_the_frozen_program_looks_into_its_bundle_first(tmp_path, monkeypatch) -> None:
    (tmp_path / "resources" / "demo").mkdir(parents=True)
    (tmp_path / "resources" / "demo" / "demo.mp4").write_bytes(b"x")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources.demo_clip() == tmp_path / "resources" / "demo" / "demo.mp4"


def test_a_missing_file_is_named_with_the_remedy() -> None:
    with pytest.raises(ResourceError, match=r"resources/nothing/here\.png of the program is missing\. Install"):
        resource_path("nothing", "here.png")


@pytest.mark.parametrize("name", ["no such model", "", "..", "../models", "/etc"])
def test_a_model_that_is_not_there_is_named_beside_those_that_are(name) -> None:
    with pytest.raises(ModelError, match="headcount"):
        model_path(name)


def test_a_users_own_model_comes_before_ours(tmp_path) -> None:
    (tmp_path / "headcount").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.json").write_text("{}")
    assert model_path("headcount", tmp_path) == tmp_path / "headcount"
    assert model_names(tmp_path)[-1] == "mine"


def test_an_installation_without_models_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(resources, "_roots", lambda: [tmp_path])
    with pytest.raises(ModelError, match="folder of models is missing"):
        models_dir()
