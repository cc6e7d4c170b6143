"""What the card of an exported run says of how it was trained and how good it was."""

from __future__ import annotations

import argparse

from desktop_app.training import config
from desktop_app.training.cards import card_of, command_of
from desktop_app.training.checkpoint import Notes
from desktop_app.training.cli.options import configuration
from desktop_app.training.resume import NO_FACES


def test_the_command_has_what_the_configuration_has_not() -> None:
    data = {"name": "utkface"}
    plain = config.load("cnn32")
    assert command_of(Notes(plain, data=data)) == "headcount-train train cnn32 --data utkface"
    chosen = plain.with_options(train_share=0.9, val_share=0.2, epochs=4, gender="sigmoid")
    assert command_of(Notes(chosen, data=data)) == (
        "headcount-train train cnn32 --data utkface --split 90:10 --val-share 20% --epochs 4 --output sigmoid"
    )
    assert command_of(Notes(config.load("joint64"), data=data)) == "headcount-train train joint64 --data utkface"


def test_weights_of_groups_on_the_command_line_join_those_of_the_configuration() -> None:
    given = [("black", 1.5), ("turned", 1.4)]
    options = argparse.Namespace(network="headcount", epochs=None, seed=None, val_share=None, weight=given)
    usual, chosen = config.load("headcount"), configuration(options)
    assert chosen.group_weights == {**usual.group_weights, "black": 1.5, "turned": 1.4}
    assert command_of(Notes(chosen, data={"name": "fairface"})) == (
        "headcount-train train headcount --data fairface --weight black=1.5 --weight turned=1.4"
    )


def test_the_figure_is_that_of_the_exported_weights_and_not_of_an_earlier_epoch() -> None:
    last = Notes(config.load("cnn32"), 3, {"val_gender": [0.7, 0.9, 0.8]})
    assert card_of(last)["figures"]["gender"] == 0.8


def test_the_command_says_that_there_were_pictures_of_no_face() -> None:
    notes = Notes(config.load("headcount"), data={"name": "fairface", NO_FACES: "9 (abc)"})
    assert command_of(notes) == "headcount-train train headcount --data fairface --negatives PICTURES"
