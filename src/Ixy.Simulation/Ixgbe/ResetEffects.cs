namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// Which registers a reset does not change (datasheet 4.2.3, and the initial values in chapter 8). 4.2.3 names only
/// parts of the card; where our excerpts of the 82599 datasheet are silent, this follows tables 4-5 and 4-6 of the X550
/// datasheet. docs/ixgbe-registers-after-reset.md is generated from this.
/// </summary>
internal static class ResetEffects
{
    private const bool Too = true, Not = false;

    /// <summary>
    /// Why registers survive, whether they also survive a reset of the PCI function, and their names. Registers without
    /// a reset value, and those that only power-on resets, survive both.
    /// </summary>
    internal static readonly (string Why, bool PciReset, string[] Names)[] Survivors =
    [
        ("tables and ring addresses have no reset value and keep their contents until power-off (note to the tables of "
            + "4.2.3)", Too,
            ["RAL", "RAH", "MTA", "VFTA", "WUPM", "FHFT", "FHFT_EXT", "FTFT", "RDBAL", "RDBAH", "TDBAL", "TDBAH"]),
        ("memories whose section in chapter 8 gives X (unknown) as the initial value", Too,
            ["PFUTA", "PFVLVF", "PFVLVFB", "MPSAR", "PSRTYPE", "SAQF", "DAQF", "SDPQF", "FTQF", "L34TIMIR", "RETA",
                "ERETA",
             "RSSRK", "RTTDT1C", "PFMBMEM"]),
        ("selected by RTTDQSEL like RTTDT1C, and cleared at each start by Intel's drivers", Too, ["RTTBCNRC"]),
        ("pins, LEDs and flash access are reset only at power-on (note to the tables of 4.2.3)", Too,
            ["ESDP", "LEDCTL", "FLA", "I2CCTL", "I2CCTL_X550", "EEC"]),
        ("the PCIe block's registers are reset only at power-on (X550 datasheet, table 4-5)", Too,
            ["GCR", "GTV", "FUNCTAG", "GLT", "GSCL", "GSCL_5", "PHYADR", "PHYDAT", "PHYCTL", "GCR_EXT", "CIAA", "CIAD",
             "PICAUSE", "CDQ_MBR", "PIENA", "PCIESPARE", "MISC_REG", "BARCTRL", "DCA_CTRL", "PCIEECCCTL", "ECC_STATUS",
             "ECC_CTRL"]),
        ("semaphores, and registers of the firmware and its unit, which a driver does not reset (4.2.3)", Not,
            ["SWSM", "FWSM", "SW_FW_SYNC", "FLEX_MNG", "HICR", "HSMC", "FWSTS", "SWSR", "LSWFW", "HFDR", "MAVTV",
                "MFUTP",
             "BMCIP", "BMCIPVAL", "MDEF_EXT", "METF", "MANC", "MFVAL", "MANC2H", "MDEF", "MIPAF", "MMAL", "MMAH",
             "FLMNGCTL", "FLMNGDATA", "FLMNGCNT", "FLOP", "EEMNGDATA"]),
        ("wake-up status is reset only at power-on (notes to the tables of 4.2.3)", Too, ["WUC", "WUS", "WUPL"]),
        ("CTRL.RST leaves the link configuration alone, CTRL.LRST resets it (4.2.1.6)", Not,
            ["AUTOC", "AUTOC2", "AUTOC3", "LINKS", "LINKS2", "ANLP1", "ANLP2", "MACC", "SERDESC", "CORECTL", "MSCA",
             "MSRWD"]),
    ];

    private static readonly Dictionary<string, string> s_whys = Survivors
        .SelectMany(group => group.Names.Select(name => (name, group.Why)))
        .ToDictionary(pair => pair.name, pair => pair.Why);

    private static readonly HashSet<string> s_keptByPciReset =
        [.. Survivors.Where(group => group.PciReset).SelectMany(group => group.Names)];

    /// <summary>Whether a register survives a reset of the PCI function.</summary>
    internal static bool IsKeptByPciReset(Register register) => s_keptByPciReset.Contains(register.Name);

    /// <summary>Why a register survives a software reset; null if it does not.</summary>
    internal static string? WhyKept(Register register) => s_whys.GetValueOrDefault(register.Name);
}
