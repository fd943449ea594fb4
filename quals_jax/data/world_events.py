"""What happens in the synthetic world: five types of news and every sentence about them.

Each type has *anchors* (facts its article and its summary always state) and optional facts. All
wording is here; `{slot}` and `[ ... ]` are explained in world_templates.py.
"""

from collections.abc import Mapping

from quals_jax.data.world_schema import EventType, anchor, aside, fact, templates

_FIRE = EventType(
    "fire",
    templates(
        "A fire at a {place} has left {injured} people injured.",
        "A blaze at a {place} has injured {injured} people.",
        "As many as {injured} people were hurt when a {place} caught fire.",
    ),
    {
        "place": anchor(
            "place",
            "What kind of building was on fire?",
            "What caught fire, injuring {injured} people?",
        ),
        "injured": anchor(
            "injured",
            "How many people were hurt in the fire?",
            "How many people did the {place} fire injure?",
        ),
        "city": fact(
            "city",
            ("The blaze started in {city}.", "The building stands in the centre of {city}."),
            "Where was the {place} fire?",
            "In which city were {injured} people hurt?",
            core=True,
        ),
        "day": fact(
            "day",
            ("It began on {day} evening.", "The alarm was raised on {day} morning."),
            "When did the {place} fire start?",
            "On which day were {injured} people hurt?",
            core=True,
        ),
        "cause": fact(
            "cause",
            ("Investigators have blamed {cause}.", "The cause was {cause}, an early report says."),
            "What caused the {place} fire?",
            "What was blamed for the fire?",
        ),
        "officer": fact(
            "person",
            ("Fire officer {officer} praised the crews.", "Crews were led by officer {officer}."),
            "Who is the fire officer?",
            "Which officer was at the {place}?",
        ),
    },
    (
        aside(
            {"other_city": "city", "other_injured": "injured"},
            (
                "A similar fire in {other_city} injured {other_injured} people last year.",
                "Last year {other_injured} people were hurt in a fire in {other_city}.",
            ),
            other_city="Where was a similar fire last year?",
            other_injured="How many people were hurt last year?",
        ),
        aside(
            {"other_person": "person"},
            (
                "Local shop owner {other_person} saw the smoke.",
                "The smoke was first seen by local resident {other_person}.",
            ),
            other_person="Who saw the smoke?",
        ),
    ),
    templates(
        "A fire at a {place}[ in {city}] has injured {injured} people[ on {day}]"
        "[ after {cause}][, officer {officer} said].",
        "A {place} fire[ blamed on {cause}] has left {injured} people hurt[ in {city}]"
        "[ on {day}][, according to officer {officer}].",
    ),
)

_MATCH = EventType(
    "match",
    templates(
        "{winner} have beaten {loser} in front of a packed crowd.",
        "{winner} were too strong for {loser}.",
        "{winner} have won a home match against {loser}.",
    ),
    {
        "winner": anchor("team", "Who won the match?", "Which team beat {loser}?"),
        "loser": anchor("team", "Who lost the match?", "Which team lost to {winner}?"),
        "score": fact(
            "score",
            ("The match ended {score}.", "It finished {score} after a late goal."),
            "What was the final score?",
            "By what score did {winner} beat {loser}?",
        ),
        "scorer": fact(
            "person",
            ("The winning goal came from {scorer}.", "Striker {scorer} got the decisive goal."),
            "Who scored the winning goal?",
            "Which player scored for {winner}?",
        ),
        "stage": fact(
            "stage",
            ("The teams met in the {stage}.", "It was the {stage} of the cup."),
            "At which stage did {winner} meet {loser}?",
            "What stage of the cup was it?",
        ),
        "day": fact(
            "day",
            ("They played on {day} afternoon.", "The game was held on {day}."),
            "When did {winner} beat {loser}?",
            "On which day was the match?",
            core=True,
        ),
    },
    (
        aside(
            {"other_team": "team"},
            (
                "{other_team} will play the winners next.",
                "Next for the winners is a match against {other_team}.",
            ),
            other_team="Which team will play next?",
        ),
        aside(
            {"other_person": "person"},
            (
                "Goalkeeper {other_person} saved a penalty.",
                "A penalty was saved by goalkeeper {other_person}.",
            ),
            other_person="Who saved a penalty?",
        ),
    ),
    templates(
        "{winner} have beaten {loser}[ {score}][ in the {stage}][ on {day}]"
        "[, with {scorer} scoring the winner].",
        "{winner} have won[ {score}] against {loser}[ on {day}][ in the {stage}]"
        "[ after a goal by {scorer}].",
    ),
)

_TRIAL = EventType(
    "trial",
    templates(
        "A jury has convicted {name} of {offence}.",
        "{name} has been found guilty of {offence}.",
        "A long trial for {offence} has ended in prison for {name}.",
    ),
    {
        "name": anchor("person", "Who was convicted?", "Who was found guilty of {offence}?"),
        "offence": anchor(
            "offence", "What was {name} convicted of?", "Of which crime is {name} guilty?"
        ),
        "city": fact(
            "city",
            ("The trial was held in {city}.", "The case was heard by a court in {city}."),
            "Where was {name} convicted?",
            "In which city was the trial?",
            core=True,
        ),
        "age": fact(
            "age",
            ("The defendant, who is {age}, wept.", "The convict is {age} years old."),
            "How old is {name}?",
            "What is the age of the defendant?",
        ),
        "years": fact(
            "years",
            ("The sentence is {years} years.", "The judge set a term of {years} years."),
            "How long is the sentence?",
            "For how many years was {name} jailed?",
        ),
        "month": fact(
            "month",
            ("The crime took place in {month}.", "Police made the arrest in {month}."),
            "When did the crime happen?",
            "In which month did {name} commit {offence}?",
            core=True,
        ),
    },
    (
        aside(
            {"other_person": "person"},
            (
                "A second defendant, {other_person}, was cleared.",
                "The jury cleared a second defendant, {other_person}.",
            ),
            other_person="Who was cleared?",
        ),
        aside(
            {"other_city": "city"},
            (
                "Another trial is due to start in {other_city}.",
                "Detectives from {other_city} gave evidence in court.",
            ),
            other_city="Which other city was mentioned?",
        ),
    ),
    templates(
        "A court[ in {city}] has sent {name}[, {age},] to prison[ for {years} years]"
        " over {offence}[ in {month}].",
        "{name}[, {age},] has been jailed[ for {years} years] for {offence}[ in {month}]"
        "[ by a court in {city}].",
    ),
)

_JOBS = EventType(
    "jobs",
    templates(
        "{company} has announced plans to {change} {number} jobs.",
        "A plan to {change} {number} jobs has been confirmed by {company}.",
        "Staff at {company} have heard that it will {change} {number} jobs.",
    ),
    {
        "company": anchor(
            "company", "Which company made the plans?", "Who will {change} {number} jobs?"
        ),
        "change": anchor(
            "change",
            "Will {company} create or cut jobs?",
            "What will {company} do to {number} jobs?",
        ),
        "number": anchor(
            "jobs",
            "How many jobs will {company} {change}?",
            "What is the number of jobs?",
        ),
        "city": fact(
            "city",
            ("The posts are all based in {city}.", "Its office in {city} is the one affected."),
            "Where will {company} {change} jobs?",
            "In which city are the jobs?",
            core=True,
        ),
        "month": fact(
            "month",
            ("The change begins in {month}.", "The first letters will be sent in {month}."),
            "When will {company} {change} jobs?",
            "In which month does the change begin?",
            core=True,
        ),
        "reason": fact(
            "reason",
            ("The firm pointed to {reason}.", "Analysts see {reason} behind the move."),
            "Why will {company} {change} jobs?",
            "What is the reason for the plans?",
        ),
        "boss": fact(
            "person",
            ("Chief executive {boss} spoke to the staff.", "The boss, {boss}, called it a turn."),
            "Who is the boss?",
            "Who runs {company}?",
        ),
    },
    (
        aside(
            {"other_company": "company", "other_city": "city"},
            (
                "Its rival {other_company} has a large office in {other_city}.",
                "In {other_city} the rival firm {other_company} is doing well.",
            ),
            other_company="Which company is the rival?",
            other_city="Where is the rival?",
        ),
        aside(
            {"other_person": "person"},
            (
                "Union leader {other_person} asked for a meeting.",
                "A meeting is wanted by union leader {other_person}.",
            ),
            other_person="Who leads the union?",
        ),
    ),
    templates(
        "{company} is to {change} {number} jobs[ in {city}][ from {month}]"
        "[ because of {reason}][, boss {boss} said].",
        "A plan to {change} {number} jobs[ in {city}][ by {month}] was announced by {company}"
        "[ and its boss {boss}][ after {reason}].",
    ),
)

_POST = EventType(
    "post",
    templates(
        "{person} has been named {role} of {company}.",
        "{company} has a new {role}, {person}.",
        "The next {role} of {company} will be {person}.",
    ),
    {
        "person": anchor("person", "Who was named {role}?", "Who got the post at {company}?"),
        "role": anchor(
            "role", "What was {person} named?", "Which role does {person} have at {company}?"
        ),
        "company": anchor(
            "company", "Which company has a new {role}?", "Where will {person} be {role}?"
        ),
        "age": fact(
            "age",
            ("The newcomer is {age} years old.", "At {age}, the newcomer is well known."),
            "How old is {person}?",
            "What is the age of the new {role}?",
        ),
        "month": fact(
            "month",
            ("The new job starts in {month}.", "A first speech is planned for {month}."),
            "When does {person} start?",
            "In which month will the new {role} begin?",
            core=True,
        ),
        "predecessor": fact(
            "person",
            ("The post was held by {predecessor} before.", "{predecessor} is stepping down."),
            "Who is leaving the post?",
            "Who was {role} before {person}?",
        ),
        "city": fact(
            "city",
            ("The office is in {city}.", "It means a move to {city}."),
            "In which city will {person} work?",
            "What city is the office in?",
            core=True,
        ),
    },
    (
        aside(
            {"other_person": "person"},
            (
                "Among those who also applied was {other_person}.",
                "{other_person} had also applied.",
            ),
            other_person="Who had also applied?",
        ),
        aside(
            {"other_company": "company", "other_city": "city"},
            (
                "A rival, {other_company}, is looking for a director in {other_city}.",
                "In {other_city} a rival, {other_company}, is hiring too.",
            ),
            other_company="Which company is the rival?",
            other_city="Where is the rival?",
        ),
    ),
    templates(
        "{person}[, {age},] has been named {role} of {company}[ in {city}][ from {month}]"
        "[, replacing {predecessor}].",
        "{company} has chosen {person}[, {age},] as its {role}[ in {city}]"
        "[ after {predecessor} left][, starting in {month}].",
    ),
)

EVENT_TYPES: Mapping[str, EventType] = {
    event.name: event for event in (_FIRE, _MATCH, _TRIAL, _JOBS, _POST)
}

FILLERS = (
    "More details are expected soon.",
    "The story has drawn a lot of interest.",
    "Many people have written to this newspaper about it.",
    "There was no further comment.",
    "It is not the first time.",
    "Neighbours said that they were surprised.",
)
