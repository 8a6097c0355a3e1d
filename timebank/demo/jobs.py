"""The jobs of the made-up borough's events.

Numbers of the walk follow a parkrun's roster (needed and preferred); the others follow the role
catalogues of repair cafés, litter picks, food banks and community gardens.
"""

from __future__ import annotations

from timebank.domain.events import RoleDraft


def job(
    name: str, needed: int, places: int, starts_after: int, minutes: int, *, about: str
) -> RoleDraft:
    """Write a job in a line; times in minutes, counted from the event's start."""
    return RoleDraft(
        name=name,
        needed=needed,
        places=places,
        starts_after_minutes=starts_after,
        duration_minutes=minutes,
        about=about,
    )


STROLL = (
    job("Run director", 1, 1, -45, 150, about="Looks after the whole morning. Nadia trains you."),
    job("Course check", 1, 1, -60, 45, about="Walk the lap and tell us of puddles and branches."),
    job("Set-up", 0, 3, -45, 45, about="Put out cones and signs. You can still take part."),
    job("First-timers’ welcome", 1, 1, -30, 45, about="Be the first friendly face for newcomers."),
    job("Sign language support", 0, 1, -30, 60, about="Sign the welcome and be about for a chat."),
    job("Car park marshal", 0, 2, -30, 30, about="Point cars and pushchairs the right way."),
    job(
        "Marshal: boathouse",
        1,
        1,
        -15,
        105,
        about="Point the way and cheer. No experience needed.",
    ),
    job("Marshal: stable block", 1, 1, -15, 105, about="Mind the corner by the gate, and cheer."),
    job("Marshal: lake end", 1, 1, -15, 105, about="Send people round the lake, not into it."),
    job(
        "Marshal: anywhere",
        0,
        2,
        -15,
        105,
        about="Stand where you’re needed. Good for a first turn.",
    ),
    job("Timekeeper", 1, 2, 0, 75, about="Press a button for everyone who finishes."),
    job("Finish tokens", 1, 2, 15, 60, about="Hand everyone a token as they come in."),
    job(
        "Finish token support", 0, 1, 15, 60, about="Keep the tokens in order and the line happy."
    ),
    job("Barcode scanning", 1, 3, 15, 60, about="Scan tokens with your phone; easy to learn."),
    job("Number checker", 0, 1, 30, 45, about="Note tokens down, in case a phone gives up."),
    job("Funnel manager", 0, 2, 15, 60, about="Keep finishers in order, kindly."),
    job(
        "Tail walker",
        1,
        1,
        0,
        90,
        about="Walk at the back with whoever’s last. Good for a first turn.",
    ),
    job("Parkwalker", 0, 2, 0, 75, about="Walk the course and chat to people on their own."),
    job("Pacer", 0, 3, 0, 60, about="Go round at a steady pace that others can follow."),
    job(
        "Guide runner", 0, 2, 0, 60, about="Walk or run with somebody who sees little or nothing."
    ),
    job("Lead bike", 0, 1, 0, 45, about="Ride ahead on your own bike and clear the path."),
    job("Photographer", 0, 1, 0, 60, about="Ask before you take close-ups."),
    job(
        "Warm-up leader",
        0,
        1,
        -15,
        15,
        about="Stretches that anybody can do, for a quarter of an hour.",
    ),
    job("Tea at the café", 0, 1, 60, 60, about="Show newcomers to the café and stay for a brew."),
    job("Close-down", 0, 3, 60, 45, about="Collect cones and signs. You can still take part."),
    job("Token sorting", 0, 1, 90, 30, about="Put the tokens back in order over a coffee."),
    job("Results", 0, 1, 90, 60, about="Put the times online. We’ll sit with you the first time."),
    job("Report writer", 0, 1, 90, 60, about="A few cheerful lines about the morning."),
    job("Kit storage", 0, 1, 100, 30, about="Take the box home till next week."),
)

SUNDAY_TABLE = (
    job("Lead cook", 1, 1, -120, 240, about="Plans the pot and keeps the kitchen calm."),
    job("Chopping and stirring", 1, 3, -90, 90, about="Aprons provided."),
    job("Welcome", 1, 1, -15, 120, about="Say hello at the door. Good for a first turn."),
    job("Serving", 1, 2, 0, 90, about="Carry plates and conversation."),
    job("Washing up", 0, 1, 60, 90, about="Rubber gloves and a radio."),
)

STORY_MORNING = (
    job("Story reader", 1, 1, -10, 70, about="Read two stories with all the voices."),
    job("Craft table", 0, 1, 0, 60, about="Glue, paper and a calm smile."),
    job("Welcome", 1, 1, -15, 45, about="Say hello and park the buggies. Good for a first turn."),
    job("Juice and clear-up", 0, 1, 30, 45, about="Squash for the small ones, tea for the big."),
)

PLOT = (
    job("Garden lead", 1, 1, -15, 165, about="Knows what wants doing this week."),
    job("Gardener", 1, 3, 0, 150, about="Dig, plant, water. No experience needed."),
    job("Tea and tools", 0, 1, 0, 150, about="Kettle, kneelers and clean spades."),
)

REPAIR = (
    job("Host", 1, 1, -60, 240, about="Opens up, keeps the list, sends everybody home happy."),
    job("Tea and welcome", 0, 3, -15, 180, about="Put the kettle on, say hello at the door."),
    job("Fixer: electrical", 1, 2, 0, 150, about="Toasters, lamps and radios."),
    job("Safety tester", 1, 1, 0, 150, about="Tests plugs in and out. Trained testers only."),
    job("Fixer: sewing", 0, 2, 0, 150, about="Zips, hems and favourite jumpers."),
    job("Fixer: bikes", 0, 1, 0, 150, about="Punctures and wobbly wheels."),
    job("Fixer’s helper", 0, 1, 0, 150, about="Hold the torch and learn. Good for a first turn."),
)

LITTER = (
    job("Leader", 1, 1, -30, 150, about="Knows the banks and the risk assessment."),
    job("Kit and sign-in", 1, 1, -30, 150, about="Hand out pickers, gloves and bags."),
    job("Picker", 2, 12, 0, 120, about="Along the bank at your own pace. Children with an adult."),
    job("First-aider", 0, 1, 0, 120, about="With a certificate, please."),
    job("Bag driver", 0, 1, 105, 60, about="Take the bags to the depot. Driving licence needed."),
)

ROWING = (
    job("Cox", 1, 2, -15, 135, about="Steers and calls. Trained coxes only."),
    job("Landing stage", 1, 2, -15, 135, about="Help people in and out, dry."),
    job("Life-jackets", 0, 1, -30, 150, about="Fit everybody a jacket. Good for a first turn."),
)

COMPANY = (
    job("Host", 1, 1, -30, 180, about="Opens the hall and knows everybody’s name."),
    job("Tea", 1, 2, -15, 150, about="Kettle, cups, biscuits."),
    job("Chatter", 0, 3, 0, 120, about="Sit down with whoever sits alone. Good for a first turn."),
    job("Lift driver", 0, 2, -45, 45, about="Fetch two neighbours who don’t walk far."),
)

STITCHING = (
    job("Host", 1, 1, -15, 150, about="Opens up and finds the good scissors."),
    job("Sewing helper", 0, 3, 0, 120, about="Show a beginner how. Good for a first turn."),
)

HOMEWORK = (
    job("Club lead", 1, 1, -15, 120, about="Checked and trained by the library."),
    job("Homework helper", 1, 4, 0, 90, about="Sums, spelling and patience."),
    job("Snack table", 0, 1, -15, 60, about="Toast for twenty. Good for a first turn."),
)

WOODLAND = (
    job("Woodland lead", 1, 1, -30, 225, about="Chooses the day’s patch and the tools."),
    job("Path and coppice", 1, 8, 0, 180, about="Cut, stack and clear. No experience needed."),
    job("First-aider", 0, 1, 0, 180, about="With a certificate, please."),
)
