# The course: tests/course/README.md. Nothing of it is installed.

COURSE_PACKAGES = python3 openssh-client netcat-openbsd patch
CHECK_PACKAGES += netcat-openbsd patch
COURSE_TESTS = $(wildcard tests/course/test_*.py)

course-setup: setup
	@tests/tools/install_missing "the course" $(COURSE_PACKAGES)
	@$(MAKE) $(jobs) programs

course: course-setup                    ## start the server of the course, with its trace (ARGS="..." PORT=2022 SERVER=PROGRAM)
	@NACRE_BUILD=$(BUILD) tests/course/serve $(if $(PORT),--port $(PORT)) $(if $(SERVER),--program $(SERVER)) $(ARGS)

lesson: course-setup                    ## ask the questions of chapter N=1 to 6 (ANSWERS=FILE)
	@NACRE_BUILD=$(BUILD) tests/course/lesson $(or $(N),$(error which chapter? N=1 to 6)) $(if $(ANSWERS),--answers $(ANSWERS))

exercise: course-setup                  ## make, build and check a copy with a fault, for chapter N=1 to 6 (FOLDER=~/nacre-exercise-N)
	@NACRE_BUILD=$(BUILD) tests/course/exercise $(or $(N),$(error which chapter? N=1 to 6)) $(if $(FOLDER),--folder $(FOLDER))

.PHONY: course-setup course lesson exercise
