# SPDX-License-Identifier: Apache-2.0
"""
families - models that the other modem can be.

Written from vendors' AT manuals and from what is known of the families, not
from recordings; names of makers and models are as the devices tell them. FAMILIES has
them by name. A Family's fields are explained where they are declared.
"""
from dataclasses import dataclass, field, replace

_FRAME = ("\r\n", "\r\n")


@dataclass(frozen=True)
class Family:
    maker: str
    model: str
    revision: str = "R1A"
    imei: str = "350077523237513"
    identity: tuple = ()                # lines of ATI
    # The line.
    frame: tuple = _FRAME               # before and after an answer's line
    prompt: str = "\r\n> "
    colon_space: str = " "              # between +CMGS: and its value
    delay: float = 0.008                # seconds before an answer
    echo_stays: bool = False            # ATE0 has no effect
    deaf_when_busy: bool = False        # loses characters while a command runs
    deaf_after_open: float = 0.0        # seconds without hearing after the port was opened
    sleep_after: float = 0.0            # seconds of silence after which one character is lost
    autobaud: int = 0                   # commands lost after power-on
    fifo: int = 0                       # characters that may come at once; 0: any
    drain: float = 1900.0               # characters a second that it works off
    unknown: str = "ERROR"              # answer to a command that it does not know
    escaped: str = "OK"                 # answer to ESC after a prompt
    talks_in_command: bool = True       # unsolicited lines between the lines of an answer
    talks_in_prompt: bool = False       # ... and between prompt and Ctrl-Z
    noise: tuple = ()                   # (line, seconds): %r is a number, ! cannot be silenced
    silencers: tuple = ()               # commands that end the noise
    accepts: tuple = ()                 # commands without effect
    lacks: tuple = ()                   # commands that are unknown here
    own_mark: str = ""
    # Power and network.
    boot_time: float = 2.0
    away: float = 0.0                   # seconds without USB port in a restart
    sms_wait: float = 1.5               # seconds from boot or PIN until messages work
    busy_code: int = 302                # +CMS ERROR meanwhile
    boot_lines: tuple = ()              # (share of sms_wait, line)
    resets: tuple = ("+CFUN=1,1",)
    ready_word: str = "READY"
    tries_told: tuple = ("", "")        # command and answer about wrong PINs: n is left
    registered: int = 1
    creg: str = "yes"                   # "zero": +CREG says 0,0 for ever
    creg_format: str = "{p}: {n},{stat}"
    lte: bool = False
    needs_mode: bool = False            # no messages before AT+MODE=2
    # Messages.
    pdu: bool = True
    text: bool = True
    starts_in_pdu: bool = True
    phase1: bool = False                # no service centre in PDUs
    csms: str = "(0,1)"                 # None: unknown command
    cnmi: str = "(0-2),(0-3),(0,2),(0-2),(0,1)"
    cnmi_phase2: str = ""               # what is offered after AT+CSMS=1
    cnmi_start: tuple = (0, 0, 0, 0, 0)
    fussy: bool = False                 # a value left out that is not offered is an error
    memories: tuple = (("SM", "ME"), ("SM", "ME"), ("SM", "ME"))
    places: tuple = ("SM", "SM", "SM")
    capacity: dict = field(default_factory=lambda: {"SM": 20, "ME": 30})
    shows_zero: tuple = ()              # memories whose capacity is told as 0
    first_index: int = 1
    list_limit: int = 1000              # entries that one listing shows
    empty_place: str = "321"            # 321, OK or zero: +CMGR of an empty place
    alpha: str = ""                     # the name in +CMGR and +CMGL
    cmti: str = '+CMTI: "{mem}",{index}'
    cdsi: str = '+CDSI: "{mem}",{index}'
    cmt: str = "+CMT: ,{n}"
    cds: str = "+CDS: {n}"
    forgets_to_tell: bool = False       # no +CMTI although asked for
    ack_time: float = 6.0               # seconds that AT+CNMA may take
    full_line: str = ""
    reports: bool = True
    report_memory: str = ""             # empty: with the messages
    stores_reports: bool = False        # also with <ds> 0
    prompt_delay: float = 0.02
    send_time: float = 0.12
    cmms: bool = True

    @property
    def direct(self):
        return {"+CMT": self.cmt, "+CDS": self.cds}

    def capacity_shown(self, name):
        return 0 if name in self.shows_zero else self.capacity[name]

    def but(self, **changes):
        return replace(self, **changes)


HUAWEI = Family(
    "huawei", "E173", "11.126.16.04.209", "358109021234567",
    ("Manufacturer: huawei", "Model: E173", "Revision: 11.126.16.04.209",
     "IMEI: 358109021234567", "+GCAP: +CGSM,+DS,+ES"),
    unknown="COMMAND NOT SUPPORT", own_mark="^",
    noise=(("^RSSI:%r", 3), ("!^BOOT:20012345,0,0,0,77", 4), ("^DSFLOWRPT:0000,0000,00%r", 5)),
    silencers=("^CURC=0",), accepts=("^PORTSEL", "^STSF"),
    away=3.0, boot_lines=((0.1, "^SRVST:2"), (0.5, "^SIMST:1")),
    resets=("^RESET",), csms="0,1,1,1", cnmi="(0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)",
    memories=(("SM", "ME", "SR"), ("SM", "ME"), ("SM", "ME")),
    capacity={"SM": 20, "ME": 99, "SR": 20}, first_index=0, report_memory="SR",
    full_line='^SMMEMFULL:"SM"', tries_told=("^CPIN?", "^CPIN: SIM PIN,{n},10,{n},10,3"))

FAMILIES = {
    "huawei-e173": HUAWEI,
    "huawei-e3372": HUAWEI.but(
        model="E3372", revision="21.200.07.00.00", lte=True, lacks=("+CREG",), creg="none",
        identity=("Manufacturer: huawei", "Model: E3372", "Revision: 21.200.07.00.00",
                  "IMEI: 861821030000001", "+GCAP: +CGSM,+DS,+ES"),
        noise=(('!^HCSQ:"LTE",4%r,46,13%r,28', 2), ("!^CERSSI:-%r,0,0,0,0", 3)),
        report_memory="", memories=(("SM", "ME"),) * 3, registered=5, unknown="ERROR"),
    "zte-mf190": Family(
        "ZTE INCORPORATED", "MF190", "BD_MF190V1.0.0B03", "863789010123456",
        ("Manufacturer: ZTE INCORPORATED", "Model: MF190", "Revision: BD_MF190V1.0.0B03",
         "IMEI: 863789010123456", "", "+GCAP: +CGSM,+DS,+ES"),
        unknown="COMMAND NOT SUPPORT", noise=(("+ZUSIMR:2", 2),),
        silencers=("+CPMS?", "+ZSTKSW=0"), away=3.0,
        boot_lines=((0.2, "+ZUSIMR:2"), (0.6, '+ZPASR: "UMTS"'),
                    (0.8, '+ZDONR: "DE",262,1,"CS_PS"')),
        resets=("+ZRST",), cnmi="(0-2),(0-1),(0),(0,2),(0,1)", csms=None,
        memories=(("SM", "ME", "SR"), ("SM", "ME"), ("SM", "ME")), places=("SM", "SM", "ME"),
        capacity={"SM": 15, "ME": 40, "SR": 10}, first_index=0, empty_place="OK",
        report_memory="SR", tries_told=("+ZPINPUK=?", "+ZPINPUK: {n},10")),
    "simcom-sim800": Family(
        "SIMCOM_Ltd", "SIMCOM_SIM800L", "Revision:1418B05SIM800L24", "867856030123456",
        ("SIM800 R14.18",), autobaud=1, sleep_after=8.0, deaf_when_busy=True, busy_code=515,
        boot_lines=((0, "RDY"), (0.1, "+CFUN: 1"), (0.3, "+CPIN: READY"), (0.7, "Call Ready"),
                    (1.0, "SMS Ready")),
        cnmi="(0,1,2),(0,1,2,3),(0,2,3),(0,1,2),(0,1)", csms="(0-1)", alpha='""',
        cmt='+CMT: "",{n}', memories=(("SM", "ME", "SM_P", "ME_P", "MT"),) * 3,
        places=("SM_P", "SM_P", "SM_P"),
        capacity={"SM": 10, "ME": 10, "SM_P": 10, "ME_P": 10, "MT": 20}, empty_place="OK",
        noise=(("+CREG: 1", 9),), tries_told=("+SPIC", "+SPIC: {n},10,0,10")),
    "simcom-sim7600": Family(
        "SIMCOM INCORPORATED", "SIMCOM_SIM7600E", "LE20B03SIM7600M22", "861477030123456",
        ("Manufacturer: SIMCOM INCORPORATED", "Model: SIMCOM_SIM7600E",
         "Revision: SIM7600M22_V2.0", "IMEI: 861477030123456", "+GCAP: +CGSM"),
        away=2.0, sms_wait=2.5, resets=("+CRESET", "+CFUN=1,1"), lte=True, fussy=True,
        boot_lines=((0, "RDY"), (0.1, "+CPIN: READY"), (0.6, "PB DONE"), (1.0, "SMS DONE")),
        cnmi="(0,1,2),(0,1,2,3),(0,2),(0,1,2),(0,1)", first_index=0, send_time=0.8,
        memories=(("ME", "MT", "SM", "SR"), ("ME", "MT", "SM", "SR"), ("ME", "MT", "SM")),
        places=("ME", "ME", "ME"), capacity={"ME": 23, "MT": 43, "SM": 20, "SR": 20}),
    "quectel-ec25": Family(
        "Quectel", "EC25", "EC25EFAR06A03M4G", "866758040123456",
        ("Quectel", "EC25", "Revision: EC25EFAR06A03M4G"), away=2.5, lte=True,
        boot_lines=((0, "RDY"), (0.3, "+CPIN: READY"), (0.5, "+QUSIM: 1"), (0.8, "+CFUN: 1"),
                    (0.9, "+QIND: SMS DONE"), (1.0, "+QIND: PB DONE")),
        accepts=("+QURCCFG",), cnmi="(0-2),(0-3),(0,2),(0-2),(0,1)", csms="(0,1)",
        memories=(("SM", "ME", "MT"),) * 3, places=("ME", "ME", "ME"),
        capacity={"SM": 50, "ME": 23, "MT": 73}, first_index=0,
        noise=(('+QIND: "csq",%r,99', 4),),
        silencers=('+QINDCFG="ALL",0',), tries_told=("+QPINC?", '+QPINC: "SC",{n},10')),
    "siemens-tc35": Family(
        "SIEMENS", "TC35i", "REVISION 02.00", "350682500123456",
        ("SIEMENS", "TC35i", "REVISION 02.00"), busy_code=515, drain=1e9,
        boot_lines=((0, "^SYSSTART"),), accepts=("^SM20", "^SMGO", "^SSMSS", "\\Q3"),
        cnmi="(0-3),(0,1),(0,2,3),(0,2),(1)", cnmi_phase2="(0-3),(0-3),(0,2,3),(0-2),(1)",
        cnmi_start=(0, 0, 0, 0, 1), csms="(0,1)", memories=(("SM", "ME", "MT"),) * 3,
        places=("MT", "MT", "MT"), capacity={"SM": 20, "ME": 25, "MT": 45}, fussy=True,
        empty_place="zero", talks_in_command=False, tries_told=("^SPIC", "^SPIC: {n}")),
    "cinterion-bgs2": Family(
        "Cinterion", "BGS2-W", "REVISION 02.000", "356278040123456",
        ("Cinterion", "BGS2-W", "REVISION 02.000"), busy_code=532,
        boot_lines=((0, "^SYSSTART"), (0.4, "+CIEV: simstatus,0"), (1.0, "+PBREADY")),
        cnmi="(0-2),(0,1),(0,2),(0,2),(1)", cnmi_phase2="(0-2),(0-3),(0,2),(0-2),(1)",
        cnmi_start=(0, 0, 0, 0, 1), fussy=True, noise=(("+CIEV: rssi,%r", 4),),
        memories=(("SM",),) * 3, capacity={"SM": 20}),
    "wavecom-fastrack": Family(
        "WAVECOM MODEM", "MULTIBAND  900E  1800", "657e09gg.Q2406A", "332602920123456",
        (" WAVECOM MODEM", " MULTIBAND  900E  1800 "), busy_code=515, sms_wait=2.0,
        boot_lines=((0, "+WIND: 3"), (0.4, "+WIND: 1"), (0.7, "+WIND: 7"), (1.0, "+WIND: 4")),
        accepts=("+WIND",), cnmi="(0-2),(0-3),(0-3),(0-2),(0,1)",
        memories=(("SM", "BM", "SR"), ("SM",), ("SM",)), report_memory="SR",
        capacity={"SM": 15, "BM": 5, "SR": 10}, starts_in_pdu=False),
    "nokia-6310": Family(
        "Nokia", "Nokia 6310i", "V 05.50", "350990500123456", ("Nokia",), delay=0.06,
        deaf_after_open=0.3, fifo=40, prompt_delay=0.6, send_time=0.8, csms="(0)",
        deaf_when_busy=True, cnmi="(0-2),(0,1),(0,2,3),(0,2),(0,1)", memories=(("ME", "SM"),) * 3,
        places=("ME", "ME", "ME"), capacity={"ME": 150, "SM": 10}, shows_zero=("ME",),
        lacks=("+CCID",), cmms=False, talks_in_command=False),
    "sonyericsson-t68": Family(
        "ERICSSON", "1130502-BVT68", "R5B003", "351252000123456", ("T68",),
        cnmi="(3),(0-3),(0,2),(0),(0)", cnmi_start=(3, 0, 0, 0, 0), csms="(0)", cmt="+CMT: {n}",
        lacks=("+CNMA", "+CCID"), boot_lines=((0, "*EMRDY: 1"),), memories=(("ME", "SM"),) * 3,
        places=("ME", "ME", "ME"), reports=False, delay=0.03, resets=(), own_mark="*"),
    "telit-ge864": Family(
        "Telit", "GE864-QUAD", "10.00.004", "354043040123456", ("332",), busy_code=515,
        boot_lines=((0.5, "#QSS: 1"), (1.0, "#QSS: 3")), own_mark="#",
        accepts=("#SELINT", "+CSDF"), resets=("#REBOOT", "#ENHRST=1,0"),
        cnmi="(0-3),(0-1),(0,2,3),(0,1),(0,1)", cnmi_phase2="(0-3),(0-3),(0,2,3),(0-2),(0,1)",
        memories=(("SM",),) * 3, capacity={"SM": 20}, noise=(("#QSS: 1", 6),),
        tries_told=("#PCT", "#PCT: {n}")),
    "ublox-sara": Family(
        "u-blox", "SARA-U270-00S", "23.20", "352255060123456",
        ("SARA-U270-00S-00",), sleep_after=6.0, boot_time=4.0,
        noise=(("+CIEV: 2,%r", 3), ("+UUSIMSTAT: 4", 7)), silencers=("+CMER=0",),
        resets=("+CFUN=16", "+CFUN=1,1"), cnmi="(0-2),(0-3),(0,2-3),(0-2),(0-1)",
        memories=(("BM", "ME", "SM", "SR", "MT"), ("ME", "SM"), ("ME", "SM")),
        places=("ME", "ME", "ME"), report_memory="SR",
        capacity={"SM": 20, "ME": 30, "BM": 5, "SR": 10, "MT": 50},
        registered=6, tries_told=("+UPINCNT", "+UPINCNT: {n},3,10,10")),
    "motorola-g20": Family(
        "Motorola", "T280M", "R2", "448835340123456", ("Motorola",), needs_mode=True,
        cnmi="(0,3),(0,1),(0),(0),(0)", csms="(0)", memories=(("MT", "IM"),) * 3,
        places=("MT", "MT", "MT"), capacity={"MT": 40, "IM": 20}, cmti='+MCMTI:"{mem}", {index}',
        reports=False, delay=0.03, cmms=False, lacks=("+CCID",), empty_place="OK"),
    "sierra-mc8790": Family(
        "Sierra Wireless, Inc.", "MC8790", "K2_0_7_30AP", "354218010123456",
        ("Manufacturer: Sierra Wireless, Inc.", "Model: MC8790", "Revision: K2_0_7_30AP",
         "IMEI: 354218010123456", "+GCAP: +CGSM,+DS,+ES"), own_mark="!",
        accepts=("!ENTERCND",), resets=("!RESET",), away=3.0,
        noise=(("*PSHSDC: 1", 5), ("*PSSIG: %r", 4)), cnmi="(0-3),(0-3),(0-3),(0-2),(0,1)",
        first_index=0, memories=(("SM", "SR"), ("SM",), ("SM",)), report_memory="SR",
        capacity={"SM": 30, "SR": 10}, tries_told=("+CPINR=\"SIM PIN\"", "+CPINR: SIM PIN,{n},3")),
    "option-icon225": Family(
        "Option N.V.", "GlobeTrotter HSDPA", "2.5.24Hd", "354136010123456",
        ("Manufacturer: Option N.V.", "Model: GTM378", "Revision: 2.5.24Hd"), own_mark="_",
        noise=(("_OSIGQ: %r,0", 2), ("_OWCTI: 4", 6)), silencers=("_OSSYS=0", "_OSQI=0"),
        cnmi="(0,1,2),(0,1,2,3),(0,2,3),(0,1,2),(0,1)", away=2.0, memories=(("SM", "ME"),) * 3),
    "alcatel-ot": Family(
        "Alcatel", "BF5", "V5.0", "332147020123456", ("Alcatel",), csms="(0)",
        cnmi="(3),(0-2),(0,2),(0)", cnmi_start=(3, 0, 0, 0), reports=False, delay=0.02,
        memories=(("SM",), ("SM",), ("SM",)), lacks=("+CCID", "+CNMA"), capacity={"SM": 20}),
    "text-only": Family(
        "Samsung", "SGH-X", "T1", "351234000123456", ("Samsung",), pdu=False, starts_in_pdu=False,
        csms="(0)", cnmi="(0-2),(0-2),(0,2),(0-2),(0,1)"),
    "direct-only": Family(
        "ELSE", "M-1", "3", "332167020123457", ("ELSE M-1",), cnmi="(0-2),(0,2),(0),(0,1),(0,1)",
        memories=(("SM",),) * 3, capacity={"SM": 5}, ack_time=8.0),
    "no-cnmi": Family(
        "Falcom", "A2", "V2", "332167020123456", ("Falcom A2",), cnmi=None, stores_reports=True,
        csms=None),
    "phase-one": Family(
        "Falcom", "A1", "V1", "332167010123456", ("Falcom A1",), csms=None, phase1=True,
        cnmi="(0-2),(0-2),(0,2),(0,1),(0,1)"),
    "line-feeds": Family(
        "NoName", "GSM-1", "1.0", "860000000000001", ("NoName GSM-1",), frame=("", "\n"),
        prompt="\n>", colon_space=""),
    "parrot": Family(
        "Qualcomm", "SU-8000", "P1", "860000000000002", ("Qualcomm SU-8000",), echo_stays=True,
        unknown="+CME ERROR: 4", first_index=0, empty_place="zero"),
    "odd-spacing": Family(
        "INTEX", "Aqua", "MTK6260", "860000000000003", ("MTK 6260",),
        cmti='+CMTI:  "{mem}" , {index}', cdsi='+CDSI:"{mem}" ,{index}',
        cmt="+CMT:,{n}", cds="+CDS: ,{n}", colon_space="  ",
        frame=("\n\r\n", "\r\n"), prompt="\n\r\n>", creg_format='{p}:{n},{stat},"00A1,1F2B"'),
    "two-memories": Family(
        "Itegno", "3000", "1.2", "860000000000005", ("Itegno 3000",),
        memories=(("SM",), ("SM",)), places=("SM", "SM"), capacity={"SM": 20},
        cnmi="(0-2),(0,1),(0),(0,1),(0,1)"),
    "novatel-u727": Family(
        "Novatel Wireless Inc.", "MC990D", "2.10", "860000000000004",
        ("Manufacturer: Novatel Wireless Inc.", "Model: MC990D"), creg="zero", lte=True,
        first_index=0, list_limit=3, forgets_to_tell=True),
}
