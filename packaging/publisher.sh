#!/bin/sh
# Who publishes the installers. Nobody does yet; whoever does sets both:
#   HEADCOUNT_MAINTAINER="Jo Doe <jo@example.org>" HEADCOUNT_HOMEPAGE=https://example.org/headcount make package
# The first is the .deb's Maintainer; the second goes into the .deb and the AppStream metadata, and is left out if empty.
: "${HEADCOUNT_MAINTAINER:=The makers of Headcount <headcount@localhost>}"
: "${HEADCOUNT_HOMEPAGE:=}"
case "$HEADCOUNT_MAINTAINER" in
*" <"*@*">") ;;
*) echo "HEADCOUNT_MAINTAINER has to be like “Jo Doe <jo@example.org>”, not “$HEADCOUNT_MAINTAINER”" >&2; exit 1 ;;
esac
case "$HEADCOUNT_HOMEPAGE" in
*[\<\>\&\|\"\\\ ]*) echo "HEADCOUNT_HOMEPAGE has a character that no address has: $HEADCOUNT_HOMEPAGE" >&2; exit 1 ;;
"" | http://* | https://*) ;;
*) echo "HEADCOUNT_HOMEPAGE has to begin with https://, unlike $HEADCOUNT_HOMEPAGE" >&2; exit 1 ;;
esac
