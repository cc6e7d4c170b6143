"""Readers of the published data sets, each on a few files written in the published layout."""

from __future__ import annotations

import datetime as dt
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.errors import SourceError
from desktop_app.training.readers import open_dataset
from desktop_app.training.readers.base import parse_age_range, parse_gender
from desktop_app.training.readers.imdb_wiki import age_of


def picture(path: Path, shade: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((24, 24, 3), shade, np.uint8))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20-29", (20, 29)),
        ("(25, 32)", (25, 32)),
        ("more than 70", (70, None)),
        ("70+", (70, None)),
        ("35", (35, 35)),
        ("None", None),
        ("", None),
        ("60-100", (60, 100)),
    ],
)
def test_age_words(text: str, expected: object) -> None:
    assert parse_age_range(text) == expected


@pytest.mark.parametrize("text", ["old", "-5", "30-20", "200"])
def test_words_that_are_no_age(text: str) -> None:
    with pytest.raises(ValueError):
        parse_age_range(text)


def test_gender_words() -> None:
    assert [parse_gender(word) for word in ("F", "Man", "u", "")] == ["female", "male", "", ""]
    with pytest.raises(ValueError, match="robot"):
        parse_gender("robot")


def utkface(folder: Path) -> None:
    picture(folder / "26_1_0_20170116174525125.jpg.chip.jpg")
    picture(folder / "61_0_4_20170109142408075.jpg")
    picture(folder / "39_1_20170116174525125.jpg.chip.jpg")  # as published: the race is missing
    picture(folder / "44_3_0_20170116174525125.jpg")
    (folder / "readme.txt").write_text("not a picture")


@pytest.mark.parametrize("packed", [False, True])
def test_utkface_names(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "UTKFace"
    utkface(folder)
    path = folder
    if packed:
        path = tmp_path / "UTKFace.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in folder.iterdir():
                archive.write(file, f"UTKFace/{file.name}")
    dataset = open_dataset(path)
    found = {(r.gender, r.age, r.race) for r in dataset.records}
    assert found == {("female", 26.0, "White"), ("male", 61.0, "Others")}
    assert len(dataset.problems) == 2
    assert dataset.storage.read_picture(dataset.records[0].file).shape == (24, 24, 3)
    assert "malformed rows: 2" in dataset.account()
    dataset.storage.close()


def test_utkface_pixels(tmp_path: Path) -> None:
    good = " ".join(str(i % 256) for i in range(48 * 48))
    rows = [
        "age,ethnicity,gender,img_name,pixels",
        f"30,2,1,a.jpg,{good}",
        "31,2,0,b.jpg,1 2 3",
        f"32,2,7,c.jpg,{good}",
        f"abc,2,0,d.jpg,{good}",
        f"33,2,0,e.jpg,{good.replace(' 200 ', ' 999 ')}",
    ]
    table = tmp_path / "age_gender.csv"
    table.write_text("\n".join(rows))
    dataset = open_dataset(table)
    assert [(r.gender, r.age, r.race) for r in dataset.records] == [("female", 30.0, "Asian")]
    assert [p.row for p in dataset.problems] == ["line 3", "line 4", "line 5", "line 6"]
    shown = dataset.storage.read_picture(dataset.records[0].file)
    assert shown.shape == (48, 48, 3)
    assert shown[0, 5].tolist() == [5, 5, 5]


def test_fairface_csv_with_a_folder_beside_it(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "1.jpg")
    rows = [
        "file,age,gender,race,service_test",
        "train/1.jpg,more than 70,Male,White,True",
        "train/2.jpg,3-9,Female,Black,False",
    ]
    (tmp_path / "labels.csv").write_text(
        "\n".join([*rows, "train/3.jpg,young,Male,White,True", ",3-9,Male,White,True"])
    )
    dataset = open_dataset(tmp_path / "labels.csv")
    assert [(r.gender, r.age_min, r.age_max) for r in dataset.records] == [("male", 70, None), ("female", 3, 9)]
    assert [p.row for p in dataset.problems] == ["line 4", "line 5"]
    assert dataset.storage.read_picture("train/1.jpg").shape == (24, 24, 3)
    with pytest.raises(SourceError, match=r"train/2\.jpg"):
        dataset.storage.read_picture("train/2.jpg")


def test_a_name_cannot_lead_out_of_the_data_set(tmp_path: Path) -> None:
    inside = tmp_path / "set"
    picture(inside / "a.jpg")
    picture(tmp_path / "secret.jpg")
    (inside / "faces.csv").write_text("file,gender\n../secret.jpg,male\n")
    dataset = open_dataset(inside)
    with pytest.raises(SourceError, match="outside"):
        dataset.storage.read_picture("../secret.jpg")


def test_adience_folds(tmp_path: Path) -> None:
    head = "user_id\toriginal_image\tface_id\tage\tgender\tx\ty\tdx\tdy\ttilt_ang\tfiducial_yaw_angle\tfiducial_score\n"
    for fold in range(5):
        user = f"{fold}@N0"
        picture(tmp_path / "aligned" / user / f"landmark_aligned_face.{fold}.img.jpg")
        rows = [
            f"{user}\timg.jpg\t{fold}\t(25, 32)\tf\t1\t1\t9\t9\t0\t0\t1",
            f"{user}\tgone.jpg\t{fold}\t(25, 32)\tm\t1\t1\t9\t9\t0\t0\t1",
            f"{user}\timg.jpg\t{fold}\tNone\tu\t1\t1\t9\t9\t0\t0\t1",
            f"{user}\timg.jpg\t{fold}\tsome\tf\t1\t1\t9\t9\t0\t0\t1",
        ]
        (tmp_path / f"fold_{fold}_data.txt").write_text(head + "\n".join(rows))
    dataset = open_dataset(tmp_path)
    assert [(r.role, r.gender, r.age_min, r.age_max) for r in dataset.records] == [
        *[("train", "female", 25, 32)] * 3,
        ("val", "female", 25, 32),
        ("test", "female", 25, 32),
    ]
    assert len({r.group for r in dataset.records}) == 5
    assert sum(dataset.dropped.values()) == 10
    assert len(dataset.problems) == 5


def test_a_folder_per_class(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "women" / "20-29" / "a.png")
    picture(tmp_path / "test" / "man" / "b.png")
    picture(tmp_path / "35" / "c.png")
    picture(tmp_path / "holidays" / "d.png")
    dataset = open_dataset(tmp_path)
    assert {(r.file[-5], r.gender, r.age_min, r.age_max, r.role) for r in dataset.records} == {
        ("a", "female", 20, 29, "train"),
        ("b", "male", None, None, "test"),
        ("c", "", 35, 35, ""),
    }
    assert sum(dataset.dropped.values()) == 1


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file or folder"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    with pytest.raises(SourceError, match="not a readable zip"):
        open_dataset(tmp_path / "broken.zip")
    picture(tmp_path / "one.png")
    with pytest.raises(SourceError, match=r"one\.png is no folder, zip or tar"):
        open_dataset(tmp_path / "one.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no picture"):
        open_dataset(tmp_path / "empty")
    picture(tmp_path / "unlabelled" / "a.png")
    with pytest.raises(SourceError, match="No folder"):
        open_dataset(tmp_path / "unlabelled")
    with pytest.raises(SourceError, match="no kind of data set"):
        open_dataset(tmp_path, "what")


def matlab_serial(date: dt.date) -> float:
    """A Matlab datenum, from its definition: days from the year 0, 366 more than Python's ordinal."""
    return float(date.toordinal() + 366)


def test_matlab_dates() -> None:
    # Matlab documents datenum(2000, 1, 1) as 730486.
    assert matlab_serial(dt.date(2000, 1, 1)) == 730486
    assert age_of(730486, 2010) == pytest.approx(10.5, abs=0.02)
    for dob, year in ((float("nan"), 2000), (0.0, 2000), (730486, 0)):
        with pytest.raises(ValueError):
            age_of(dob, year)


@pytest.mark.train
@pytest.mark.parametrize("name", ["imdb", "wiki"])
def test_imdb_wiki(tmp_path: Path, name: str) -> None:
    """The published nested struct: `imdb` (or `wiki`), 1x1, of fields that are 1xn; strings are cells."""
    from scipy.io import savemat

    born = matlab_serial(dt.date(1980, 3, 1))
    late = matlab_serial(dt.date(2012, 3, 1))
    rows = [
        # dob, taken, path, gender, face_score, second
        (born, 2010, "01/good.jpg", 1.0, 4.2, np.nan),
        (born, 2010, "01/unknown.jpg", np.nan, 4.2, np.nan),
        (born, 2010, "01/noface.jpg", 0.0, -np.inf, np.nan),
        (born, 2010, "01/two.jpg", 0.0, 3.0, 2.1),
        (late, 2010, "01/unborn.jpg", 0.0, 3.0, np.nan),
        (matlab_serial(dt.date(1700, 1, 1)), 2010, "01/ancient.jpg", 0.0, 3.0, np.nan),
        (5.0, 2010, "01/nodate.jpg", 0.0, 3.0, np.nan),
        (born, 2000, "01/her.jpg", 0.0, 3.0, np.nan),
    ]
    n = len(rows)

    def cells(values: list[object]) -> np.ndarray:
        array = np.empty((1, n), object)
        array[0, :] = values
        return array

    boxes = np.empty((1, n), object)
    for i in range(n):
        boxes[0, i] = np.array([[1.0, 2.0, 21.0, 22.0]])
    meta: dict[str, object] = {
        "dob": np.array([[row[0] for row in rows]]),
        "photo_taken": np.array([[row[1] for row in rows]], np.uint16),
        "full_path": cells([row[2] for row in rows]),
        "gender": np.array([[row[3] for row in rows]]),
        "name": cells([f"Person {i}" for i in range(n)]),
        "face_location": boxes,
        "face_score": np.array([[row[4] for row in rows]]),
        "second_face_score": np.array([[row[5] for row in rows]]),
    }
    if name == "imdb":
        names = np.empty((1, 2), object)
        names[0, :] = ["Ada", "Alan"]
        meta |= {"celeb_names": names, "celeb_id": np.array([[2.0, 1, 1, 1, 1, 1, 1, 1]])}
    savemat(tmp_path / f"{name}.mat", {name: meta})
    picture(tmp_path / "01" / "good.jpg")
    dataset = open_dataset(tmp_path / f"{name}.mat")
    assert [(r.file, r.gender, r.age) for r in dataset.records] == [
        ("01/good.jpg", "male", 30.0),
        ("01/unknown.jpg", "", 30.0),
        ("01/her.jpg", "female", 20.0),
    ]
    assert dataset.records[0].group == ("Alan" if name == "imdb" else "Person 0")
    assert dataset.records[0].box is not None
    assert dataset.records[0].box.x1 == 0.0
    assert dict(dataset.dropped) == {
        "no face was found in the picture": 1,
        "a second face is in the picture": 1,
        "the age is impossible": 2,
    }
    assert [p.row for p in dataset.problems] == ["row 7"]
    assert dataset.storage.read_picture("01/good.jpg").shape == (24, 24, 3)
    archive = tmp_path.parent / f"{tmp_path.name}-{name}_crop.tar"  # as it is published
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path, f"{name}_crop")
    packed_set = open_dataset(archive)
    assert len(packed_set.records) == 3
    assert packed_set.storage.read_picture(f"{name}_crop/01/good.jpg").shape == (24, 24, 3)
    assert packed_set.records[0].file == f"{name}_crop/01/good.jpg"
    packed_set.storage.close()


@pytest.mark.train
def test_a_mat_file_of_something_else(tmp_path: Path) -> None:
    from scipy.io import savemat

    savemat(tmp_path / "x.mat", {"x": np.zeros(3)})
    with pytest.raises(SourceError, match="no struct"):
        open_dataset(tmp_path / "x.mat")
    (tmp_path / "y.mat").write_bytes(b"nothing of the kind")
    with pytest.raises(SourceError, match="Matlab"):
        open_dataset(tmp_path / "y.mat")


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def packed(folder: Path, path: Path, mode: str) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        archive.add(folder, folder.name)
    return path


@pytest.mark.parametrize(("name", "mode"), [("UTKFace.tar", "w"), ("UTKFace.tar.gz", "w:gz"), ("UTKFace.txz", "w:xz")])
def test_a_tar_is_read_as_it_is(tmp_path: Path, name: str, mode: str) -> None:
    utkface(tmp_path / "UTKFace")
    dataset = open_dataset(packed(tmp_path / "UTKFace", tmp_path / name, mode))
    assert dataset.name == "UTKFace"
    assert {r.file for r in dataset.records} == {
        "UTKFace/26_1_0_20170116174525125.jpg.chip.jpg",
        "UTKFace/61_0_4_20170109142408075.jpg",
    }
    for record in reversed(dataset.records):  # in any order
        assert dataset.storage.read_picture(record.file).shape == (24, 24, 3)
    with pytest.raises(SourceError, match="not in the tar file"):
        dataset.storage.read_picture("UTKFace/gone.jpg")
    dataset.storage.close()


def test_a_packed_folder_of_prepared_faces_is_read_by_its_table(tmp_path: Path) -> None:
    picture(tmp_path / "mine" / "faces" / "a.jpg")
    table(tmp_path / "mine" / "faces.csv", "file,gender", "faces/a.jpg,female")
    dataset = open_dataset(packed(tmp_path / "mine", tmp_path / "mine.tgz", "w:gz"))
    assert dataset.storage.read_picture(dataset.records[0].file).shape == (24, 24, 3)
    dataset.storage.close()


def test_a_table_finds_its_pictures_in_a_tar_beside_it(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.jpg")
    with tarfile.open(tmp_path / "labels.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "pictures" / "a.jpg", "./a.jpg")
    dataset = open_dataset(table(tmp_path / "labels.csv", "file,gender", "a.jpg,male"))
    assert dataset.storage.read_picture("a.jpg").shape == (24, 24, 3)
    dataset.storage.close()


def test_a_cut_off_tar_is_refused(tmp_path: Path) -> None:
    utkface(tmp_path / "UTKFace")
    whole = packed(tmp_path / "UTKFace", tmp_path / "whole.tar.gz", "w:gz").read_bytes()
    (tmp_path / "half.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="not a readable tar"):
        open_dataset(tmp_path / "half.tar.gz")


@pytest.mark.parametrize(
    ("columns", "absent"),
    [("age,ethnicity,pixels", "gender"), ("ethnicity,gender,pixels", "age"), ("age,sex,pixels", "gender")],
)
def test_a_table_of_pixels_names_the_label_that_it_has_no_column_for(tmp_path: Path, columns: str, absent: str) -> None:
    values = {"age": "30", "ethnicity": "2", "gender": "1", "sex": "1", "pixels": " ".join(["7"] * 64)}
    row = ",".join(values[column] for column in columns.split(","))
    dataset = open_dataset(table(tmp_path / "age_gender.csv", columns, row))
    assert list(dataset.absent) == [absent]
    assert f"no column “{absent}”" in dataset.account()
    assert columns.replace(",", ", ") in dataset.account()
    (record,) = dataset.records
    assert (record.gender, record.age) == (("", 30.0) if absent == "gender" else ("female", None))


def test_a_table_of_pixels_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"neither a column “gender” nor a column “age”.*img_name, pixels"):
        open_dataset(table(tmp_path / "x.csv", "img_name,pixels", "a," + " ".join(["7"] * 64)))


def test_a_value_that_is_missing_in_a_row_is_named(tmp_path: Path) -> None:
    pixels = " ".join(["7"] * 64)
    dataset = open_dataset(table(tmp_path / "x.csv", "age,gender,pixels", f",1,{pixels}", f"30,,{pixels}", "30,1"))
    assert [p.reason for p in dataset.problems] == [
        "no age",
        "no gender",
        "0 pixel values do not make a square picture",
    ]


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    """Blank lines, and a cell of two lines, shift nothing."""
    rows = ("file,gender,race", "", "a.jpg,robot,White", "", "", 'b.jpg,male,"two\nlines"', "c.jpg,robot,White")
    dataset = open_dataset(table(tmp_path / "labels.csv", *rows))
    assert [p.row for p in dataset.problems] == ["line 3", "line 8"]
    pixels = " ".join(["7"] * 64)
    dataset = open_dataset(table(tmp_path / "p.csv", "age,gender,pixels", "", f"30,1,{pixels}", "", "30,1,7"))
    assert [r.file for r in dataset.records] == ["line 3"]
    assert [p.row for p in dataset.problems] == ["line 5"]


def test_a_table_without_pictures_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no column “file”; its columns are picture, gender"):
        open_dataset(table(tmp_path / "labels.csv", "picture,gender", "a.jpg,male"))
    dataset = open_dataset(table(tmp_path / "labels.csv", "file,sex", "a.jpg,male"))
    assert set(dataset.absent) == {"gender", "age"}
    assert "the columns are file, sex" in dataset.account()
    (tmp_path / "latin.csv").write_bytes("file,gender\nä.jpg,male".encode("latin-1"))
    with pytest.raises(SourceError, match="UTF-8"):
        open_dataset(tmp_path / "latin.csv")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_as_a_spreadsheet_saves_it(tmp_path: Path, separator: str, encoding: str, ending: str) -> None:
    lines = (("File", "gender", "age", "Role"), ("ä/1.png", "Woman", "20-29", "Training"), ("2.png", "male", "41", ""))
    text = "".join(separator.join(line) + ending for line in lines)
    (tmp_path / "faces.csv").write_bytes(text.encode(encoding))
    picture(tmp_path / "ä" / "1.png")
    for place in (tmp_path / "faces.csv", tmp_path):  # the table, and a folder that holds one
        dataset = open_dataset(place)
        assert dataset.problems == []
        assert [(r.file, r.gender, r.age_min, r.age_max, r.role) for r in dataset.records] == [
            ("ä/1.png", "female", 20, 29, "train"), ("2.png", "male", 41, 41, ""),
        ]  # fmt: skip
        assert dataset.storage.read_picture("ä/1.png").shape == (24, 24, 3)


def test_a_comma_between_semicolons_is_a_decimal_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file;gender;age\na.png;f;3,5\nb.png;m;(3, 5)\n", encoding="utf-8")
    assert [(r.age, r.age_min, r.age_max) for r in open_dataset(tmp_path / "t.csv").records] == [
        (3.5, 3.5, 3.5), (None, 3, 5),
    ]  # fmt: skip


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_of_pixels_is_read_as_a_spreadsheet_saves_it(tmp_path: Path, separator: str) -> None:
    pixels = " ".join(["7"] * 64)
    text = "\r\n".join(separator.join(row) for row in (("age", "gender", "pixels"), ("30", "1", pixels)))
    (tmp_path / "t.csv").write_bytes(text.encode("utf-8-sig"))
    (record,) = open_dataset(tmp_path / "t.csv").records
    assert (record.gender, record.age) == ("female", 30)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.png,weiblich,30,", "'weiblich' is not a gender; write female or male"),
        ("a.png,f,thirty,", "'thirty' is not an age"),
        ("a.png,f,20-x,", "'20-x' is not an age"),
        ("a.png,f,30,lern", "'lern' is not a role; write train, val, test, excluded or nothing"),
    ],
)
def test_a_row_is_refused_with_the_words_that_are_understood(tmp_path: Path, row: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(f"file,gender,age,role\n{row}\n", encoding="utf-8")
    (problem,) = open_dataset(tmp_path / "t.csv").problems
    assert (problem.row, problem.reason) == ("line 2", words)


def test_faces_without_a_label_are_not_called_labelled(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,gender,age\na.png,f,\nb.png,,30\nc.png,,\n", encoding="utf-8")
    assert open_dataset(tmp_path / "t.csv").account() == "t: 2 labelled faces\n  without a label of gender or age: 1"


def test_backslashes_of_windows_between_folders_are_understood(tmp_path: Path) -> None:
    picture(tmp_path / "pics" / "a.png")
    (tmp_path / "t.csv").write_text("file,gender\npics\\a.png,f\n./pics/a.png,f\n", encoding="utf-8")
    table = open_dataset(tmp_path / "t.csv")
    assert [record.file for record in table.records] == ["pics/a.png"] * 2
    assert table.storage.read_picture("pics/a.png").shape == (24, 24, 3)
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for name in ("female\\20-29\\a.png", "male/b.png"):
            info = zipfile.ZipInfo("x")
            info.filename = name  # ZipInfo itself would change it on Windows
            archive.writestr(info, (tmp_path / "pics" / "a.png").read_bytes())
    packed = open_dataset(tmp_path / "faces.zip")
    assert [(r.file, r.gender, r.age_min) for r in packed.records] == [
        ("female/20-29/a.png", "female", 20), ("male/b.png", "male", None),
    ]  # fmt: skip
    assert packed.storage.read_picture("female/20-29/a.png").shape == (24, 24, 3)
    assert packed.storage.mark("female/20-29/a.png") == packed.storage.mark("male/b.png") != ""


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_picture_that_is_damaged_inside_a_zip_is_refused_alone(tmp_path: Path, packing: int) -> None:
    noise = np.random.default_rng(0).integers(0, 99, 9000, np.uint8).tobytes()
    picture(tmp_path / "b.png")
    with zipfile.ZipFile(tmp_path / "faces.zip", "w", packing) as archive:
        archive.writestr("female/a.png", noise)
        archive.write(tmp_path / "b.png", "male/b.png")
        start, length = archive.getinfo("female/a.png").header_offset, archive.getinfo("female/a.png").compress_size
    whole = (tmp_path / "faces.zip").read_bytes()
    for place in range(start + 60, start + length, 997):
        broken = bytearray(whole)
        broken[place : place + 40] = b"\xff" * 40
        (tmp_path / "faces.zip").write_bytes(broken)
        storage = open_dataset(tmp_path / "faces.zip").storage
        with pytest.raises(SourceError, match="damaged there"):
            storage.read_picture("female/a.png")
        assert storage.read_picture("male/b.png").shape == (24, 24, 3)
        storage.close()
