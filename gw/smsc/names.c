/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of states, facts and tallies (smsc.h), as they stand on the status
 * page and in the metrics.
 */
#include "gw/smsc/smsc.h"

const char *smsc_state_name(enum smsc_state state)
{
    switch (state) {
    case SMSC_CONNECTING:
        return "connecting";
    case SMSC_ONLINE:
        return "online";
    case SMSC_RECONNECTING:
        return "re-connecting";
    case SMSC_DISCONNECTED:
        return "disconnected";
    case SMSC_DEAD:
        return "dead";
    }
    return "unknown";
}

static const struct {
    const char *name, *document;
} facts[SMSC_FACTS] = {
#define FACT(symbol, name, document) {name, document},
#include "gw/smsc/facts.def"
};

static const struct {
    const char *name, *document;
} tallies[SMSC_TALLIES] = {
#define TALLY(symbol, name, document) {name, document},
#include "gw/smsc/tallies.def"
};

const char *smsc_fact_name(enum smsc_fact fact)
{
    return fact < SMSC_FACTS ? facts[fact].name : "";
}

const char *smsc_fact_document(enum smsc_fact fact)
{
    return fact < SMSC_FACTS ? facts[fact].document : "";
}

const char *smsc_tally_name(enum smsc_tally tally)
{
    return tally < SMSC_TALLIES ? tallies[tally].name : "";
}

const char *smsc_tally_document(enum smsc_tally tally)
{
    return tally < SMSC_TALLIES ? tallies[tally].document : "";
}
