"""Words of the made-up borough: names as a London borough has them, groups, and small favours."""

from __future__ import annotations

# Those whom pages and stories name. The first four keep the e-mail of their first name.
NAMED = (
    "Ama Owusu",
    "Nadia Khan",
    "Priya Shah",
    "Tom Baker",
    "Sam Tran",
    "Jo Field",
    "Pauline Dunne",
    "Grace Lim",
    "Wes Ellis",
    "Marjorie Hall",
    "Dev Patel",
    "Imran Malik",
    "Zoë Nowak",
    "Siân Price",
    "Lee O’Brien",
    "Bola Adeyemi",
    "Ruby Chen",
)
WITHOUT_EMAIL = ("Marjorie Hall", "Pauline Dunne")

_FIRST_NAMES = """
Abena Adaeze Adam Agnieszka Aisha Alan Alfie Amara Amina Amir Andrea Angela Anil Anjali Anna
Anthony Arjun Asha Ayşe Barbara Beata Bernard Bhavna Bilal Brenda Brian Carmel Carol Catherine
Charlie Chidi Chloe Chris Clara Claudette Colin Connor Daisy Daljit Danuta David Deborah Delroy
Dennis Derek Dilip Donna Doreen Edith Elena Elif Ella Emeka Emily Emma Ese Esther Eva Farah Fatima
Femi Fiona Florence Folake Frank Freya Gareth Geoff George Gita Gloria Graham Gurpreet Halima
Hannah Harjit Harry Hassan Hazel Helen Hieu Hugo Ibrahim Ifeoma Ioana Iris Isaac Ivy Jack Jackie
James Jasmin Jean Jerome Joan John Jolanta Josie Joyce Julie Kamala Karen Kasia Kaveh Keith Kemi
Kevin Kofi Krishna Kwame Lakshmi Laura Leila Len Leon Leroy Lesley Lin Linda Ling Lola Lucy Luke
Magda Mahesh Maja Mandeep Maria Mark Martin Mary Maureen May Mehmet Mei Mercy Michael Mina Mohammed
Moira Monique Musa Nathan Navneet Neil Ngozi Nia Nigel Nikhil Noor Nuala Obi Olga Olivia Omar Oscar
Owen Pam Pat Paul Pearl Peter Petra Phil Poppy Rachel Raj Rana Ravi Rebecca Ren Rita Robert Rohan
Ron Rosa Roy Ruby Ruth Ryan Sade Sally Samira Sandra Sanjay Sara Scott Shanice Sharon Sheila Shirin
Simon Sita Sofia Stan Stella Steve Sunita Suresh Sushila Tariq Temi Teresa Thi Tina Tobi Tony
Trevor Uma Una Val Vera Vikram Wanda Wei Winston Yasmin Yemi Yusuf Yvonne Zainab Zara Zofia
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())

_LAST_NAMES = """
Abbott Abiola Achebe Adewale Afolabi Ahmed Akhtar Allen Amoah Appiah Asante Aydin Babatunde Bailey
Banerjee Barker Begum Bell Bennett Bhatt Bianchi Boateng Brooks Brown Bui Campbell Carter Chan
Chaudhry Chen Clarke Cole Collins Cooper Costa Cox Daly Das Davies Dawson Demir Desai Diallo Dixon
Dogan Doherty Donnelly Edwards Eke Evans Eze Fernandes Fisher Flynn Fofana Foster Gallagher Garcia
Ghosh Gibson Gill Goodwin Grant Gray Green Griffiths Gupta Gurung Hamid Harding Harris Hassan Hayes
Hill Ho Hoang Holt Hughes Hussain Ibrahim Iqbal Islam Iyer Jackson Jama James Jankowski Johal
Johnson Jones Joshi Kamara Kaplan Kaur Kelly Kenny King Kowalska Kumar Kurt Lam Lawson Le Lewis Li
Limbu Lloyd Lowe Mahmood Marsh Mason McCarthy Mensah Miah Mills Mitchell Mohamed Moore Morgan
Morris Murphy Murray Mwangi Naidoo Nair Ncube Nguyen Noonan Nwosu Obi Odukoya Ofori Okafor Okeke
Oladipo Osei Parker Parmar Pearce Perera Pham Phillips Pillai Popescu Powell Quinn Rahman Rai Rana
Rao Reddy Reid Reyes Richards Riley Roberts Robinson Rossi Roy Russell Ryan Saleem Sandhu Santos
Shaw Shrestha Sidhu Silva Singh Smith Sousa Stevens Sutton Sylvester Tamang Taylor Thapa Thomas
Thompson Tiwari Tran Turner Uddin Usman Vu Walker Walsh Wang Ward Warsame Watson Webb White
Williams Wilson Wong Wood Wright Wu Yang Yeboah Young Yusuf Zając
"""
LAST_NAMES = tuple(_LAST_NAMES.split())

GROUPS = (
    "Danson Strollers",
    "Slade Green Growers",
    "Big Story Friends",
    "Erith Repair Café",
    "Friends of the Cray",
    "St Aidan’s Neighbours",
    "Bexleyheath Food Bank",
    "Alder Road Neighbours",
    "Danson Lake Rowers",
    "Crayford Tea and Company",
    "Stitch and Chatter",
    "Erith Homework Club",
    "Lesnes Abbey Woodlanders",
    "Hall Place Gardeners",
    "Bexley Young Carers",
    "Thamesmead Birdwatchers",
    "Belvedere Dog Walkers",
    "Sidcup Ukulele Circle",
    "Welling Chess Corner",
    "Barnehurst Bakers",
    "North Cray Bell Ringers",
    "Blackfen Book Swap",
    "Footscray Football Mums and Dads",
    "Bexley Village in Bloom",
    "Northumberland Heath Toy Library",
    "Upton Road Allotments",
    "Abbey Wood Digital Drop-in",
    "Falconwood Good Companions",
)

FAVOURS = (
    "lift to the clinic",
    "hemming curtains",
    "dog walked for a week",
    "help with a tablet",
    "shopping from the market",
    "shelf put up",
    "garden tidied",
    "company to the hospital",
    "form filled in together",
    "bike tyre mended",
    "cat fed over the weekend",
    "Spanish conversation",
    "cake for the raffle",
    "hedge cut",
    "reading to Mum",
    "guitar lesson",
    "boxes carried upstairs",
    "haircut at home",
    "maths homework",
    "kitchen tap fixed",
    "lift to the station",
    "curry for twelve",
    "CV looked through",
    "printer made to work",
)

CORRECTIONS = (
    "went home before it began",
    "swapped with a friend on the day",
    "ticked by mistake",
    "was at the other event",
)
