using static Ixy.Ixgbe.IxgbeRegisters;

namespace Ixy.Ixgbe;

// What the card reports about itself.
public sealed partial class IxgbeDevice
{
    // EICR (8.2.3.5.1)
    private const uint MemoryError = 1u << 28;

    private bool _hasMemoryError;

    private protected override void LookForFaults()
    {
        if (Read(STATUS) == uint.MaxValue) throw Gone();
        // Reading clears it. In interrupt mode the read leaves the queues' causes alone (GPIE.OCD); otherwise nothing
        // needs them.
        _hasMemoryError |= (Read(EICR) & MemoryError) != 0;
        if (_hasMemoryError)
            throw NeedsReset(DeviceFault.MemoryError,
                "one of the card's memories has an error that cannot be corrected (EICR.ECC, 8.2.3.5.1)");
        // The driver sets it once, and every reset clears it.
        if ((Read(DMATXCTL) & DMATXCTL_.Enable) == 0)
            throw NeedsReset(
                DeviceFault.UnaskedReset, "the card was reset, and not by this driver (DMATXCTL.TE is off)");
        LookForHangs(Link.IsUp);
    }
}
