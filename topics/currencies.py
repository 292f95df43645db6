"""ISO 4217 currencies and how many decimals their minor unit has.

Source: the published list of SIX Financial Information (the maintenance agency of ISO 4217), as of 2026-01-01, by way
of the public-domain table `datasets/currency-codes`. Providers use other exponents for some: that is an adapter's job.
Codes without a minor unit (metals, bond units, XDR, XTS, XXX …) are not in the table: nothing can be paid in them.
"""

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU
CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
# Withdrawn since 2018: orders placed in them are still refunded, disputed and replayed.
_WITHDRAWN = "ANG BGN CUC HRK SLL VEF ZWL"

EXPONENTS: dict[str, int] = {
    code: exponent
    for exponent, codes in ((0, _ZERO), (2, _TWO), (2, _WITHDRAWN), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
"""Decimals of the minor unit by code: 0 for JPY (1 unit = 1 yen), 2 for EUR (100 = 1 euro), 3 for KWD, 4 for CLF."""
