namespace Ixy.Simulation.Ixgbe;

/// <summary>
/// Which registers a reset does not touch (datasheet 4.2.3, and the initial values in chapter 8). 4.2.3 names
/// parts of the card; where the excerpts of the 82599's datasheet at hand say nothing, that of the X550 does, in its
/// tables 4-5 and 4-6. docs/ixgbe-registers-after-reset.md is made of this.
/// </summary>
internal static class ResetEffects
{
    private const bool Too = true, Not = false;

    /// <summary>
    /// Why registers survive, and which; and whether they survive a reset of the PCI function too, as what has no reset
    /// value and what only power-on resets does.
    /// </summary>
    internal static readonly (string Why, bool PciReset, string[] Names)[] Survivors =
    [
        ("tables and ring addresses have no reset value and keep theirs while there is power (note to the tables of "
            + "4.2.3)", Too,
            ["RAL", "RAH", "MTA", "VFTA", "WUPM", "FHFT", "FHFT_EXT", "FTFT", "RDBAL", "RDBAH", "TDBAL", "TDBAH"]),
        ("memories whose initial value is X, unknown, in their own section of chapter 8", Too,
            ["PFUTA", "PFVLVF", "PFVLVFB", "MPSAR", "PSRTYPE", "SAQF", "DAQF", "SDPQF", "FTQF", "L34TIMIR", "RETA",
                "ERETA",
             "RSSRK", "RTTDT1C", "PFMBMEM"]),
        ("behind RTTDQSEL as RTTDT1C is, and cleared at each start by Intel's own drivers", Too, ["RTTBCNRC"]),
        ("pins, lights and flash access are reset at power-on only (note to the tables of 4.2.3)", Too,
            ["ESDP", "LEDCTL", "FLA", "I2CCTL", "I2CCTL_X550", "EEC"]),
        ("the PCIe block's registers are reset at power-on only (X550 datasheet, table 4-5)", Too,
            ["GCR", "GTV", "FUNCTAG", "GLT", "GSCL", "GSCL_5", "PHYADR", "PHYDAT", "PHYCTL", "GCR_EXT", "CIAA", "CIAD",
             "PICAUSE", "CDQ_MBR", "PIENA", "PCIESPARE", "MISC_REG", "BARCTRL", "DCA_CTRL", "PCIEECCCTL", "ECC_STATUS",
             "ECC_CTRL"]),
        ("semaphores, and what belongs to the firmware and its unit, which a driver does not reset (4.2.3)", Not,
            ["SWSM", "FWSM", "SW_FW_SYNC", "FLEX_MNG", "HICR", "HSMC", "FWSTS", "SWSR", "LSWFW", "HFDR", "MAVTV",
                "MFUTP",
             "BMCIP", "BMCIPVAL", "MDEF_EXT", "METF", "MANC", "MFVAL", "MANC2H", "MDEF", "MIPAF", "MMAL", "MMAH",
             "FLMNGCTL", "FLMNGDATA", "FLMNGCNT", "FLOP", "EEMNGDATA"]),
        ("wake-up status is reset at power-on only (notes to the tables of 4.2.3)", Too, ["WUC", "WUS", "WUPL"]),
        ("the link's set-up is left alone by CTRL.RST, and reset by CTRL.LRST (4.2.1.6)", Not,
            ["AUTOC", "AUTOC2", "AUTOC3", "LINKS", "LINKS2", "ANLP1", "ANLP2", "MACC", "SERDESC", "CORECTL", "MSCA",
             "MSRWD"]),
    ];

    private static readonly Dictionary<string, string> s_whys = Survivors
        .SelectMany(group => group.Names.Select(name => (name, group.Why)))
        .ToDictionary(pair => pair.name, pair => pair.Why);

    private static readonly HashSet<string> s_keptByPciReset =
        [.. Survivors.Where(group => group.PciReset).SelectMany(group => group.Names)];

    /// <summary>A reset of the PCI function leaves a register as it is.</summary>
    internal static bool IsKeptByPciReset(Register register) => s_keptByPciReset.Contains(register.Name);

    /// <summary>Why a software reset leaves a register as it is; null for one that it resets.</summary>
    internal static string? WhyKept(Register register) => s_whys.GetValueOrDefault(register.Name);
}
