"""Whether an entity of a summary is mentioned in a source, at the official code's three levels.

find_entity("the United Nations", "A nation united.")     # ["United"]
"""

import re

# Types that the official code follows (spaCy's names, taken from an entity's first token).
TRACKED_ENTITY_TYPES = ("PERSON", "FAC", "GPE", "ORG", "NORP", "LOC", "EVENT")

# spaCy's English stop words, as of version 2.3 (MIT licence).
_WORDS = """
a about above across after afterwards again against all almost alone along already also although
always am among amongst amount an and another any anyhow anyone anything anyway anywhere are around
as at back be became because become becomes becoming been before beforehand behind being below
beside besides between beyond both bottom but by call can cannot ca could did do does doing done
down due during each eight either eleven else elsewhere empty enough even ever every everyone
everything everywhere except few fifteen fifty first five for former formerly forty four from front
full further get give go had has have he hence her here hereafter hereby herein hereupon hers
herself him himself his how however hundred i if in indeed into is it its itself keep last latter
latterly least less just made make many may me meanwhile might mine more moreover most mostly move
much must my myself name namely neither never nevertheless next nine no nobody none noone nor not
nothing now nowhere of off often on once one only onto or other others otherwise our ours ourselves
out over own part per perhaps please put quite rather re really regarding same say see seem seemed
seeming seems serious several she should show side since six sixty so some somehow someone something
sometime sometimes somewhere still such take ten than that the their them themselves then thence
there thereafter thereby therefore therein thereupon these they third this those though three
through throughout thru thus to together too top toward towards twelve twenty two under until up
unless upon us used using various very via was we well were what whatever when whence whenever where
whereafter whereas whereby wherein whereupon wherever whether which while whither who whoever whole
whom whose why will with within without would yet you your yours yourself yourselves
"""
_CONTRACTIONS = ("n't", "'d", "'ll", "'m", "'re", "'s", "'ve")
STOP_WORDS = frozenset(_WORDS.split()) | {
    contraction.replace("'", quote) for contraction in _CONTRACTIONS for quote in "'‘’"
}


def find_entity(entity: str, source: str, level: int = 2) -> list[str]:
    """The parts of ``entity`` found in ``source``; empty when it does not occur.

    Level 0: the entity as written. Level 1: in any case. Level 2, in any case: all its longest runs
    of at least two words that occur, and without such a run every single word that is no stop word
    (or is "US"). No level minds word boundaries: "Ann" is found in "planned".
    """
    if level == 0:
        return [entity] if entity in source else []
    if level == 1:
        return [entity] if _contains(source, entity) else []
    if level != 2:
        raise ValueError(f"match level {level}: expected 0, 1 or 2")
    words = entity.split()
    for length in range(len(words), 1, -1):
        runs = [" ".join(words[i : i + length]) for i in range(len(words) - length + 1)]
        if found := [run for run in runs if _contains(source, run)]:
            return found
    single = [word for word in words if word.lower() not in STOP_WORDS or word == "US"]
    return [word for word in single if _contains(source, word)]


def _contains(source: str, part: str) -> bool:
    return re.search(re.escape(part), source, re.IGNORECASE) is not None
