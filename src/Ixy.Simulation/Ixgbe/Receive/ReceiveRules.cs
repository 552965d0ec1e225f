using static Ixy.Ixgbe.IxgbeRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Receive;

/// <summary>The datasheet's rules for the receive registers, checked when software writes them (design D7).</summary>
internal sealed class ReceiveRules(IxgbeCard card, CardReceiveQueue[] queues)
{
    private const uint ReservedInSplit = 0xE03F_C0E0, PauseThresholdMask = 0x7_FFE0; // SRRCTL, FCRTH

    private const uint LongestRing = 128 * 1024, ReservedLength = 0xFFF0_0000, LargestBuffer = 16;
    /// <summary>
    /// SWFLSH: write descriptors back now. Our excerpts of the datasheet do not mention it, but Intel's own drivers set
    /// it in every queue when they stop the card. Here descriptors never wait, so it only clears itself.
    /// </summary>
    internal const uint SoftwareFlush = 1u << 26;

    private const uint ControlFields = RXDCTL_.Enable | RXDCTL_.VlanStrip | SoftwareFlush;

    // RLPML and its enable bit, which the 82599 does not have (X540 datasheet, RXDCTL).
    private const uint X540ControlFields = 0xBFFF;

    // Tails moved too early that were reported at the write, so that they are not reported again when the queue is
    // enabled.
    private readonly uint[] _reportedTails = new uint[ReceiveQueues.Count];
    private bool _noSnoopReported;

    private bool Is82599 => !card.Options.IsCopper;

    /// <summary>RXDCTL (8.2.3.8.6).</summary>
    internal void CheckControl(int index, uint value)
    {
        uint fields = Is82599 ? ControlFields : ControlFields | X540ControlFields;
        if ((value & ~fields) != 0)
            Report("reserved-bits", "RXDCTL", index, value, "8.2.3.8.6", "reserved bits are set");
    }

    /// <summary>SRRCTL (8.2.3.8.7): only Drop_En may change while the queue runs.</summary>
    internal void CheckSplit(int index, uint value)
    {
        if ((value & ReservedInSplit) != 0)
            Report("reserved-bits", "SRRCTL", index, value, "8.2.3.8.7", "reserved bits are set");
        if (queues[index].IsEnabled && ((value ^ queues[index].Settings.Split) & ~SRRCTL_.DropEnable) != 0)
        {
            Report("changed-while-enabled", "SRRCTL", index, value, "4.6.7.1",
                "buffer sizes and descriptor type are programmed before the queue is enabled; the running queue keeps "
                + "the old ones");
        }
    }

    /// <summary>RDBAL, RDBAH and RDLEN (8.2.3.8.1 to 8.2.3.8.3).</summary>
    internal void CheckRing(Register register, int index, uint value, uint hardwired)
    {
        bool isLength = register == RDLEN;
        string section = isLength ? "8.2.3.8.3" : "8.2.3.8.1";
        if ((value & hardwired) != 0)
        {
            Report(isLength ? "ring-length" : "ring-alignment", register.Name, index, value, section,
                isLength ? "the ring's length is a multiple of 128 bytes"
                : $"the ring starts at a multiple of {card.Options.RingAlignment} bytes");
        }
        if (isLength && (value > LongestRing || (value & ReservedLength) != 0))
            Report("ring-length", register.Name, index, value, section,
                "rings are validated up to 128 KiB, which is 8192 descriptors");
        if (queues[index].IsEnabled && value != card.Registers[register, index])
            Report("changed-while-enabled", register.Name, index, value, "4.6.7.1",
                "the ring is programmed before the queue is enabled; the running queue keeps the old one");
    }

    /// <summary>RDT (8.2.3.8.5). A tail written as plain memory takes effect when the card reads it.</summary>
    internal void CheckTail(int index, uint value)
    {
        if (!queues[index].IsEnabled && value != 0)
        {
            _reportedTails[index] = value;
            Report("tail-while-disabled", "RDT", index, value, "4.6.7.1",
                "the tail is moved after RXDCTL.ENABLE reads as set, not before");
        }
        if ((value & 0xFFFF_0000) != 0)
            Report("reserved-bits", "RDT", index, value, "8.2.3.8.5", "reserved bits are set");
    }

    /// <summary>
    /// DCA_RXCTRL (8.2.3.11.1) and CTRL_EXT (8.2.3.1.3), when a queue gets its first frame: the last steps of the
    /// initialisation, which may come after the queue was enabled, clear bit 12 of the former and set bit 16 of the
    /// latter.
    /// </summary>
    internal void CheckDca(int index)
    {
        uint value = card.Registers[DCA_RXCTRL, index];
        // The X550 has no DCA, and Intel's drivers leave its registers alone.
        if (!card.Options.IsX550 && (value & DCA_RXCTRL_.MustBeZero) != 0)
            Report("dca-bit-12", "DCA_RXCTRL", index, value, "4.6.7", "bit 12 has to be cleared");
        uint extended = card.Registers[CTRL_EXT];
        if (_noSnoopReported || (extended & CTRL_EXT_.NoSnoopDisable) != 0) return;
        _noSnoopReported = true;
        card.Violations.Add("no-snoop", "CTRL_EXT", extended, "4.6.7", "NS_DIS (bit 16) has to be set");
    }

    /// <summary>What must be right when RXDCTL.ENABLE goes from 0 to 1 (4.6.7.1).</summary>
    internal void CheckEnabling(CardReceiveQueue queue, in ReceiveQueueSettings settings)
    {
        int index = queue.Index;
        if (settings.Base == 0 || settings.Count == 0)
            Report("queue-without-ring", "RXDCTL", index, card.Registers[RXDCTL, index], "4.6.7.1",
                "RDBAL, RDBAH and RDLEN are programmed before the queue is enabled");
        uint low = card.Registers[RDBAL, index], ignored = card.Options.RingAlignment - 1;
        if ((low & ignored) != 0) CheckRing(RDBAL, index, low, ignored);
        if ((card.Registers[RDLEN, index] & 0x7F) != 0) CheckRing(RDLEN, index, card.Registers[RDLEN, index], 0x7F);
        uint tail = card.Registers[RDT, index];
        // A tail from before the queue was last disabled, or one reported when it was written, is not a new move.
        if (tail != 0 && tail != queue.TailWhenDisabled && tail != _reportedTails[index]) CheckTail(index, tail);
        _reportedTails[index] = 0;
        CheckSizes(index, settings);
        if (settings.Coalesces) CheckCoalescing(index, settings);
    }

    /// <summary>What must be right when RXCTRL.RXEN goes from 0 to 1 (4.6.7).</summary>
    internal void CheckReceiveEnable()
    {
        uint dma = card.Registers[RDRXCTL], mac = card.Registers[HLREG0], control = card.Registers[RXCTRL];
        _noSnoopReported = false;
        // A workaround for the 82599 ("silicon errata", according to Intel's drivers, which omit it on its successors).
        if (Is82599 && !card.Security.IsReceiveStopped)
        {
            card.Violations.Add("receive-enabled-without-halt", "RXCTRL", control, "4.6.7",
                "the receive path is halted by SECRXCTRL.RX_DIS, and SECRXSTAT reads as ready, before RXEN is set");
        }
        if (Array.TrueForAll(queues, queue => !queue.IsEnabled))
        {
            card.Violations.Add("receive-enabled-before-queues", "RXCTRL", control, "4.6.7",
                "receive queues are enabled before RXEN is set: frames come for them at once");
        }
        if (((dma & RDRXCTL_.CrcStrip) != 0) != ((mac & HLREG0_.RxCrcStrip) != 0))
        {
            card.Violations.Add("crc-strip-differs", "RDRXCTL", dma, "8.2.3.8.8",
                $"RDRXCTL.CRCStrip and HLREG0.RXCRCSTRP (0x{mac:x8}) have to be the same");
        }
        if ((dma & RDRXCTL_.RscFirstSize) != 0)
            card.Violations.Add("rsc-first-size", "RDRXCTL", dma, "8.2.3.8.8", "software sets RSCFRSTSIZE to zero");
        if ((dma & RDRXCTL_.RscAckChange) == 0 || (dma & RDRXCTL_.FcoeWriteFix) == 0)
        {
            card.Violations.Add("receive-dma-bits", "RDRXCTL", dma, "8.2.3.8.8",
                "software sets RSCACKC and FCOE_WRFIX (bits 25 and 26), with coalescing and FCoE or without");
        }
        CheckBufferSizes();
        CheckFlowControlThreshold();
    }

    /// <summary>FCTRL (8.2.3.7.1): filters must not change while frames are arriving.</summary>
    internal void CheckFilterControl(uint value)
    {
        if (value == card.Registers[FCTRL] || (card.Registers[RXCTRL] & RXCTRL_.Enable) == 0) return;
        card.Violations.Add("filters-while-receiving", "FCTRL", value, "8.2.3.7.1",
            "before receive filters are modified RXCTRL.RXEN is to be 0, and may be 1 again afterwards");
    }

    // 8.2.3.8.9. Buffers are written one by one, so what matters is their total when frames arrive.
    private void CheckBufferSizes()
    {
        uint size = 0;
        for (int index = 0; index < RXPBSIZE.Count; index++)
            size += card.Registers[RXPBSIZE, index] & RXPBSIZE_.SizeMask;
        if (size <= card.Options.ReceiveBuffer) return;
        card.Violations.Add("receive-buffer-size", "RXPBSIZE", size, "8.2.3.8.9",
            $"the packet buffers are {size >> 10} KiB together: the card has {card.Options.ReceiveBuffer >> 10}");
    }

    // The internal switch uses it as well, so it is needed even without flow control (4.6.3.2, 8.2.3.3.4).
    private void CheckFlowControlThreshold()
    {
        uint value = card.Registers[FCRTH], threshold = value & PauseThresholdMask;
        if (threshold == 0)
        {
            card.Violations.Add("flow-control-threshold", "FCRTH[0]", value, "4.6.3.2",
                "RTH is to be set, whether flow control is on or not: typically to RXPBSIZE - 0x6000");
        }
        else if (threshold + 8 > card.Registers[RXPBSIZE])
        {
            card.Violations.Add("flow-control-threshold", "FCRTH[0]", value, "8.2.3.3.4",
                "RTH is to be at least 8 bytes less than the packet buffer (RXPBSIZE[0] is "
                + $"0x{card.Registers[RXPBSIZE]:x})");
        }
    }

    private void CheckSizes(int index, in ReceiveQueueSettings settings)
    {
        uint size = settings.Split & ReceiveQueueSettings.BufferSizeMask;
        if (size is 0 or > LargestBuffer)
            Report("buffer-size", "SRRCTL", index, settings.Split, "8.2.3.8.7",
                $"BSIZEPACKET is 1 to 16 KiB, not {size}");
        uint type = settings.Split >> ReceiveQueueSettings.DescriptorTypeShift
            & ReceiveQueueSettings.DescriptorTypeMask;
        if (type != (uint)settings.Type)
            Report("descriptor-type", "SRRCTL", index, settings.Split, "8.2.3.8.7", $"DESCTYPE {type} is reserved");
        if (settings.Type >= DescriptorType.HeaderSplit && settings.HeaderSize is 0 or > 1024)
            Report("header-buffer-size", "SRRCTL", index, settings.Split, "8.2.3.8.7",
                "with header split, BSIZEHEADER is 64 to 1024 bytes");
    }

    // 4.6.7.2.1 and 4.6.7.2.2.
    private void CheckCoalescing(int index, in ReceiveQueueSettings settings)
    {
        if (settings.Type == DescriptorType.Legacy || settings.BufferSize < 2048 || settings.HeaderSize < 128)
        {
            Report("rsc-descriptors", "SRRCTL", index, settings.Split, "4.6.7.2.2",
                "coalescing requires advanced descriptors, packet buffers of 2 KiB and header buffers of 128 bytes at "
                + "least");
        }
        uint dma = card.Registers[RDRXCTL];
        if ((dma & RDRXCTL_.RscAckChange) == 0 || (dma & RDRXCTL_.CrcStrip) == 0)
            card.Violations.Add("rsc-control", "RDRXCTL", dma, "4.6.7.2.1", "coalescing requires RSCACKC and CRCStrip");
    }

    private void Report(string rule, string register, int index, ulong value, string section, string explanation) =>
        card.Violations.Add(rule, $"{register}[{index}]", value, section, explanation);
}
