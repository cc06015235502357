// A folder without sources is still a library, so that link lines need no exceptions.
