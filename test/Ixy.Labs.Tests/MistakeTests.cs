namespace Ixy.Labs.Tests;

/// <summary>
/// Students' mistakes and what the grader says about them: part of its message, the section, and the text of the line
/// that it points at.
/// </summary>
public sealed partial class MistakeTests
{
    private static void AssertFound(int number, string mistake, string says, string? line, string? section)
    {
        var verdict = Grading.GradeMistake(number, mistake);
        Assert.True(verdict.Points < verdict.Of, "all points");
        var finding = verdict.Findings[0];
        Assert.True(finding.Message.Contains(says, StringComparison.Ordinal)
            && (line is null || finding.Source?.Contains(line, StringComparison.Ordinal) == true)
            && (section is null || finding.Section?.Contains(section, StringComparison.Ordinal) == true),
            $"{finding}");
    }

    [SkippableTheory]
    [InlineData("function.VendorId == 0x8086 && function.DeviceId == 0x10FB ==> function.VendorId == 0x8086",
        "made by Intel, but is no 82599", "return function;")]
    [InlineData("function.VendorId == 0x8086 && function.DeviceId == 0x10FB ==> function.DeviceId == 0x10FB",
        "the vendor is not Intel", "return function;")]
    [InlineData("return null; ==> return functions.Count > 0 ? functions[0] : null;", "this machine has no 82599",
        "return functions.Count")]
    [InlineData("return null; ==> throw new InvalidOperationException(\"no card\");",
        "Find threw InvalidOperationException: no card.", "throw new InvalidOperationException")]
    [InlineData("card.EnableBars(); ==> ", "a register was accessed, but the command register", "registers.Read32(RAL)")]
    [InlineData("[(byte)low, (byte)(low >> 8), (byte)(low >> 16), (byte)(low >> 24), (byte)high, (byte)(high >> 8)] ==> "
        + "[(byte)(high >> 8), (byte)high, (byte)(low >> 24), (byte)(low >> 16), (byte)(low >> 8), (byte)low]",
        "in the opposite order", "return [")]
    [InlineData("(byte)high, (byte)(high >> 8)] ==> (byte)(high >> 24), (byte)(high >> 16)]",
        "the first four bytes are right", "return [")]
    [InlineData("low = registers.Read32(RAL), high = registers.Read32(RAH) ==> "
        + "high = registers.Read32(RAL), low = registers.Read32(RAH)", "the wrong way around", "return [")]
    [InlineData("(byte)high, (byte)(high >> 8)] ==> (byte)high, (byte)(high >> 8), 0, 0]", "8 bytes, and a MAC address has six",
        "return [")]
    [InlineData("card.OpenBar(0) ==> card.OpenBar(1)", "has no BAR 1", "card.OpenBar(1)")]
    public void Exercise1(string mistake, string says, string line) => AssertFound(1, mistake, says, line, null);

    [SkippableTheory]
    [InlineData("card.Wait(TimeSpan.FromMilliseconds(10)); ==> ", "wait for 10 milliseconds", null, "4.6.3.2")]
    [InlineData("registers.Write32(CTRL, 1u << 26 | 1u << 3); ==> registers.Write32(CTRL, 1u << 26);",
        "not a global reset", "registers.Write32(CTRL, 1u << 26);", "4.6.3.2")]
    [InlineData("registers.Write32(CTRL, 1u << 26 | 1u << 3); ==> registers.Write32(CTRL, 1u << 25 | 1u << 3);",
        "reserved bits of CTRL", "1u << 25", "8.2.3.1.1")]
    [InlineData("registers.Write32(CTRL, 1u << 26 | 1u << 3); ==> ", "never wrote RST and LRST", null, "4.6.3.2")]
    [InlineData("registers.Write32(EIMC, 0x7FFF_FFFF); ==> registers.Write32(EIMC, 0xFFFF);", "each 1 masks a cause",
        "registers.Write32(EIMC", "4.6.3.1")]
    [InlineData("registers.Write32(EIMC, 0x7FFF_FFFF); ==> ", "not masked before the reset", null, "4.6.3.1")]
    [InlineData("card.WaitUntil(() => (registers.Read32(EEC) & 1u << 9) != 0, second); ==> ", "still reads its EEPROM", null,
        "4.6.3")]
    [InlineData("card.WaitUntil(() => (registers.Read32(RDRXCTL) & 1u << 3) != 0, second); ==> ",
        "the DMA units are not ready", null, "4.6.3")]
    [InlineData(" | 3u << 13 | 1u << 12); ==>  | 3u << 13);", "without Restart_AN", "registers.Write32(AUTOC", "4.6.4.2")]
    [InlineData("& ~(7u << 13) | 3u << 13 ==> & ~(7u << 13) | 2u << 13", "10 Gbit/s serial is 3", "registers.Write32(AUTOC",
        "4.6.4.2")]
    [InlineData("registers.Read32(AUTOC) & ~(7u << 13) | 3u ==> 3u", "keep the bits that are not yours",
        "registers.Write32(AUTOC", "4.6.4.2")]
    [InlineData("return card.WaitUntil(() => (registers.Read32(LINKS) & 1u << 30) != 0, timeout); ==> "
        + "while ((registers.Read32(LINKS) & 1u << 30) == 0) { } return true;",
        "StartLink (there is no cable) has not returned in the time it has", "while ((registers.Read32(LINKS)", null)]
    [InlineData("return card.WaitUntil(() => (registers.Read32(LINKS) & 1u << 30) != 0, timeout); ==> return true;",
        "the link is down", "return true;", "8.2.3.22.20")]
    [InlineData("(registers.Read32(LINKS) & 1u << 30) != 0, timeout ==> (registers.Read32(LINKS) & 1u << 30) != 0, "
        + "TimeSpan.FromMilliseconds(1)", "before its time was over", null, "8.2.3.22.20")]
    public void Exercise2(string mistake, string says, string? line, string? section) =>
        AssertFound(2, mistake, says, line, section);

    [SkippableTheory]
    [InlineData("card.EnableBusMaster(); ==> ", "while bus mastering is off", "_registers.Write32(RDT, RingSize - 1)", "9.3.3")]
    [InlineData("_registers.Write32(RDLEN, RingSize * 16); ==> _registers.Write32(RDLEN, RingSize);", "multiple of 128",
        "_registers.Write32(RDLEN, RingSize)", "8.2.3.8.3")]
    [InlineData("_registers.Write32(RXDCTL, 1u << 25); ==> _registers.Write32(RDT, RingSize - 1); "
        + "_registers.Write32(RXDCTL, 1u << 25);", "the tail is moved after RXDCTL.ENABLE", "_registers.Write32(RDT", "4.6.7.1")]
    [InlineData("_registers.Write32(RDT, (uint)_next); ==> ", "the card has used all descriptors", null, "7.1.9")]
    [InlineData("        GiveToCard(_next); ==> ", "the descriptor still has the DD of the lap before. Write it anew",
        "_registers.Write32(RDT, (uint)_next);", "7.1.9")]
    [InlineData("_registers.Write32(RDT, RingSize - 1); ==> _registers.Write32(RDT, RingSize);",
        "the tail points behind the last descriptor",
        "_registers.Write32(RDT, RingSize)", null)]
    [InlineData("_registers.Write32(RDT, RingSize - 1); ==> _registers.Write32(RDT, 0);", "head and tail are both 0",
        "_registers.Write32(RDT, 0)", "7.1.9")]
    [InlineData("_registers.Write32(FCTRL, 1u << 10); ==> ", "The broadcast frame did not come", null, "8.2.3.7.1")]
    [InlineData("_next = (_next + 1) % RingSize; ==> _next++;", "threw IndexOutOfRangeException", null, null)]
    [InlineData("(int)(status >> 32 & 0xFFFF) ==> (int)(status >> 48 & 0xFFFF)", "empty array", "return frame;", "7.1.6")]
    [InlineData("Slice(_next * BufferSize, length) ==> Slice(_next * BufferSize, BufferSize)", "it has 2048 bytes",
        "return frame;", "7.1.6")]
    [InlineData("Slice(_next * BufferSize, length) ==> Slice(0, length)", "are those of frame 0", "return frame;", null)]
    [InlineData("(status & 1) == 0 ==> (status & 2) == 0 && false", "no frame has been sent", null, "7.1.6")]
    [InlineData("SRRCTL, BufferSize / 1024 ==> SRRCTL, BufferSize", "BSIZEPACKET", null, "8.2.3.8.7")]
    [InlineData("_registers.Write32(RXDCTL, 1u << 25); ==> ",
        "RXDCTL was never written: its bit 25, ENABLE, switches the queue on", "_registers.Write32(RDT, RingSize - 1);",
        "4.6.7.1")]
    [InlineData("card.WaitUntil(() => (_registers.Read32(RXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100)); ==> ",
        "before RXDCTL bit 25, ENABLE, was read as 1", "_registers.Write32(RDT, RingSize - 1);", "4.6.7.1")]
    [InlineData("        for (int i = 0; i < RingSize; i++) GiveToCard(i); ==> \n_registers.Write32(RDT, RingSize - 1); ==> "
        + "_registers.Write32(RDT, RingSize - 1); for (int i = 0; i < RingSize; i++) GiveToCard(i);",
        "All descriptors get a buffer before", "_registers.Write32(RDT, RingSize - 1);", "4.6.7.1")]
    [InlineData("_registers.Write32(SRRCTL, BufferSize / 1024 | 1u << 25); ==> ", "SRRCTL bits 27 to 25 are 0", null,
        "8.2.3.8.7")]
    [InlineData("SRRCTL, BufferSize / 1024 | 1u << 25 ==> SRRCTL, BufferSize / 1024", "SRRCTL bits 27 to 25 are 0:",
        "_registers.Write32(SRRCTL", "8.2.3.8.7")]
    [InlineData("if ((status & 1) == 0) return null; ==> if (_registers.Read32(0x1010) == (uint)_next) return null;",
        "this descriptor has no DD yet", "_registers.Read32(0x1010)", "7.1.6")]
    [InlineData("(_registers.Read32(RXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100) ==> "
        + "(_registers.Read32(RXDCTL) & 1u << 24) != 0, TimeSpan.FromSeconds(9)", "waits longer than 1000 ms",
        "1u << 24", null)]
    public void Exercise3(string mistake, string says, string? line, string? section) =>
        AssertFound(3, mistake, says, line, section);

    [SkippableTheory]
    [InlineData("card.EnableBusMaster(); ==> ", "while bus mastering is off", "_registers.Write32(TDT", "9.3.3")]
    [InlineData("_registers.Write32(TDLEN, RingSize * 16); ==> _registers.Write32(TDLEN, RingSize);", "multiple of 128",
        "_registers.Write32(TDLEN, RingSize)", "8.2.3.9.7")]
    [InlineData("_registers.Write32(DMATXCTL, _registers.Read32(DMATXCTL) | 1); ==> ", "DMATXCTL.TE is off",
        "_registers.Write32(TXDCTL", "4.6.8")]
    [InlineData("1ul << 29 | 1ul << 27 ==> 1ul << 29", "RS should be set at least once in 40 descriptors",
        "_registers.Write32(TDT", "8.2.3.9.10")]
    [InlineData("1ul << 25 | 1ul << 24 ==> 1ul << 25", "has no EOP", "_registers.Write32(TDT", "7.2.3.4")]
    [InlineData("1ul << 25 | 1ul << 24 ==> 1ul << 24", "IFCS", "_registers.Write32(TDT", "7.2.3.2.2")]
    [InlineData("3ul << 20 ==> 1ul << 20", "DTYP must be", "_registers.Write32(TDT", "7.2.3.1")]
    [InlineData("length << 46 | ==> ", "PAYLEN", "_registers.Write32(TDT", "7.2.3.2.4")]
    [InlineData("if (behind == _oldest) return false; ==> ", "the tail passed the head", "_registers.Write32(TDT", "7.2.3.3")]
    [InlineData("        _next = behind; ==> \n        return true; ==> _next = behind; return true;",
        "The tail is the place behind the last descriptor", "_registers.Write32(TDT", "7.2.3.3")]
    [InlineData("_next = behind; ==> _next++;", "not an index of a descriptor", "_registers.Write32(TDT", "7.2.3.3")]
    [InlineData("_registers.Write32(TDT, (uint)_next); ==> ", "TDT was never written", "return true;", "7.2.3.3")]
    [InlineData(" && (ring[2 * _oldest + 1] >> 32 & 1) != 0) ==> )", "the tail passed the head or went back",
        "_registers.Write32(TDT", "7.2.3.3")]
    [InlineData("        TakeBack(); ==> ", "Send only returns false, though the card has sent them all", "return false;",
        "7.2.3.5")]
    [InlineData("frame.CopyTo(_buffers.Bytes().Slice(_next * BufferSize)); ==> ",
        "Frame 0 was sent with all its bytes 0: it is nowhere in the driver's DMA memory", "_registers.Write32(TDT",
        "7.2.3.2.4")]
    [InlineData("card.WaitUntil(() => (_registers.Read32(TXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100)); ==> ",
        "TDT was written before TXDCTL bit 25, ENABLE, was read as 1", "_registers.Write32(TDT", "4.6.8")]
    public void Exercise4(string mistake, string says, string? line, string? section) =>
        AssertFound(4, mistake, says, line, section);

    [SkippableTheory]
    [InlineData("                _inBuffers[_inNext] = _free.Pop(); ==> ",
        "is in both rings at once: descriptor 0 of the left card has kept it", "_left.Write32(RDT", "7.2.3.5")]
    [InlineData("if (behind != _outOldest && _free.Count > 0) ==> if (_free.Count > 0)",
        "the tail passed the head", "_right.Write32(TDT", "7.2.3.3")]
    [InlineData("            GiveToLeft(_inNext); ==> ", "left fewer descriptors to the card", "_left.Write32(RDT", "7.1.9")]
    [InlineData("            _left.Write32(RDT, (uint)_inNext); ==> ", "the left card has no descriptor left", null, "7.1.9")]
    [InlineData("                _right.Write32(TDT, (uint)_outNext); ==> ", "TDT was never written", null, null)]
    [InlineData("            _free.Push(_outBuffers[_outOldest]); ==> ", "Poll has handed over 64 frames: are buffers taken back",
        null, "7.2.3.3")]
    [InlineData(" && (ring[2 * _outOldest + 1] >> 32 & 1) != 0) ==> )", "take back only what says DD", "_left.Write32(RDT",
        "7.2.3.5")]
    [InlineData("        TakeBack(); ==> ", "Poll has handed over 63 frames: are buffers taken back", null, "7.2.3.3")]
    [InlineData("_outNext = behind; ==> _outNext++;", "not an index of a descriptor", "_right.Write32(TDT", "7.2.3.3")]
    [InlineData("            if (behind != _outOldest && _free.Count > 0) ==> "
        + "while (behind == _outOldest) TakeBack(); if (_free.Count > 0)",
        "Poll has not returned in the time it has", null, null)]
    [InlineData("return forwarded; ==> return 0;", "Poll said that it handed over 0 frames", null, null)]
    [InlineData("_outBuffers[_outNext] = _inBuffers[_inNext]; ==> ",
        "The buffer that was filled, _inBuffers[_inNext], is to go into _outBuffers[_outNext]", "_right.Write32(TDT",
        "7.2.3.2.4")]
    [InlineData("card.WaitUntil(() => (_right.Read32(TXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100)); ==> ",
        "TDT was written before TXDCTL bit 25, ENABLE, was read as 1", "_right.Write32(TDT", "4.6.8")]
    public void Exercise5(string mistake, string says, string? line, string? section) =>
        AssertFound(5, mistake, says, line, section);

    [SkippableTheory]
    [InlineData("                _outNext = behind; ==> _outNext = behind; _right.Write32(TDT, (uint)_outNext); _doorbells++;",
        "packets for each", "_right.Write32(TDT", "7.2.3.3")]
    [InlineData("            GiveToLeft(_inNext); ==> GiveToLeft(_inNext); _left.Write32(RDT, (uint)_inNext); _doorbells++;",
        "packets for each", null, "7.1.9")]
    [InlineData("_outNext % ReportEvery == ReportEvery - 1); ==> true);", "RS was set in 256 of 256", null, "7.2.3.5.1")]
    [InlineData("_outNext % ReportEvery == ReportEvery - 1); ==> false);",
        "RS should be set at least once in 40 descriptors", "_right.Write32(TDT", "8.2.3.9.10")]
    [InlineData("card.WaitUntil(() => (_left.Read32(RXDCTL) & 1u << 25) != 0, TimeSpan.FromMilliseconds(100)); ==> ",
        "RDT was written before RXDCTL bit 25, ENABLE, was read as 1", "_left.Write32(RDT, RingSize - 1)", "4.6.7.1")]
    [InlineData("if (forwarded > 0) ==> if (forwarded > 4)", "does it wait for a batch to be full", null, "7.2.3.3")]
    [InlineData("        TakeBack(); ==> if (_right.Read32(0x6010) != _outOldest) TakeBack();", "Each is a trip over the bus",
        "_right.Read32(0x6010)", null)]
    [InlineData("            _doorbells++; ==> ", "Measure says 0 doorbells", "return new Measurement", null)]
    [InlineData("(double)_clock.TimestampFrequency ==> 1e7", "packets a second, and it was", "return new Measurement", null)]
    [InlineData("if (_firstPoll < 0) _firstPoll = _clock.GetTimestamp(); ==> "
        + "if (_firstPoll < 0) _firstPoll = 1_000_000_000;", "packets a second, and it was", "return new Measurement", null)]
    [InlineData("_packets += forwarded; ==> _packets += taken;", "packets, and Poll has handed over",
        "return new Measurement", null)]
    [InlineData("(_inNext + RingSize - 1) % RingSize ==> _inNext % RingSize", "the tail went from",
        "_left.Write32(RDT", "7.1.9")]
    public void Exercise6(string mistake, string says, string? line, string? section) =>
        AssertFound(6, mistake, says, line, section);

    [SkippableTheory]
    [InlineData("        _registers.Write32(EIMS, 1); ==> ", "EIMS was not written", null, "7.3.1.2")]
    [InlineData("_registers.Write32(IVAR0, 1u << 7); ==> ", "says that the entry of receive queue 0 is valid", null,
        "8.2.3.5.15")]
    [InlineData("_registers.Write32(IVAR0, 1u << 7); ==> _registers.Write32(IVAR0, 1u << 7 | 1);",
        "the one that is waited for is 0", null, "8.2.3.5.15")]
    [InlineData("_registers.Write32(EIMC, 1); ==> ", "still let through", null, "7.3.1.2")]
    [InlineData("_registers.Write32(EIAC, 1); ==> ", "The cause is still set from an earlier frame", null, "7.3.1.4")]
    [InlineData("if (!HasFrame()) _waiter.Wait(_fired, timeout); ==> "
        + "if (!HasFrame()) { _registers.Read32(0x800); _waiter.Wait(_fired, timeout); }", "EICR was cleared in line",
        "_registers.Read32(0x800)", "7.3.1.2")]
    [InlineData("_waiter.Wait(_fired, timeout); ==> { while (!HasFrame()) { } }",
        "Sleep still runs after 3 million statements", "while (!HasFrame())", null)]
    [InlineData("_waiter.Wait(_fired, timeout); ==> _waiter.Wait(_fired, System.Threading.Timeout.InfiniteTimeSpan);",
        "is not to be had", "InfiniteTimeSpan", null)]
    [InlineData("_waiter.Wait(_fired, timeout); ==> _waiter.Wait(_fired, TimeSpan.FromDays(1));",
        "Sleep has not returned in the time it has", "_waiter.Wait", null)]
    [InlineData("_waiter = new InterruptWaiter([card.EnableInterrupts(InterruptKind.Msix)[0]]); ==> ",
        "a variable that is null", "_waiter.Wait", null)]
    [InlineData("_waiter = new InterruptWaiter([card.EnableInterrupts(InterruptKind.Msix)[0]]); ==> "
        + "card.EnableInterrupts(InterruptKind.Msix); _waiter = new InterruptWaiter();", "is the vector in the waiter?",
        "_registers.Write32(EIMC, 1);", null)]
    [InlineData("_registers.Write32(EIMS, 1); ==> _registers.Write32(EIMS, 1u << 20 | 1);", "let only cause 0 through",
        "_registers.Write32(EIMS, 1u << 20 | 1);", "7.3.1.2")]
    [InlineData("_registers.Write32(EIMS, 1); ==> _registers.Write32(EIMS, 0x80);", "0x80, has no bit 0",
        "_registers.Write32(EIMS, 0x80);", "7.3.1.2")]
    [InlineData("_registers.Write32(GPIE, 1u << 31 | 1u << 4); ==> ", "bit 4, Multiple_MSIX", null, "8.2.3.5.18")]
    [InlineData("_registers.Write32(GPIE, 1u << 31 | 1u << 4); ==> _registers.Write32(GPIE, 1u << 4);",
        "bit 31, PBA_support", "_registers.Write32(GPIE, 1u << 4);", "8.2.3.5.18")]
    [InlineData("InterruptKind.Msix ==> InterruptKind.Msi", "Start connected Msi vectors", "InterruptKind.Msi", "7.3.4")]
    [InlineData("if (!HasFrame()) _waiter.Wait(_fired, timeout); ==> if (HasFrame()) return; _waiter.Wait(_fired, timeout);",
        "Write EIMC before you return", "if (HasFrame()) return;", "7.3.1.2")]
    [InlineData("_waiter.Wait(_fired, timeout); ==> { }", "Sleep returned four times before", null, null)]
    [InlineData("_waiter.Wait(_fired, timeout); ==> _waiter.Wait(_fired, 3 * timeout);", "it sleeps longer than it was told",
        null, null)]
    public void Exercise7(string mistake, string says, string? line, string? section) =>
        AssertFound(7, mistake, says, line, section);

    [SkippableTheory]
    [InlineData("Write | BufferSize ==> BufferSize", "for the device to write only", "device.Notify(0)", "5.1.6.3")]
    [InlineData("number * BufferSize + Header, length - Header ==> number * BufferSize, length", "came with its header",
        "return frame;", "5.1.6")]
    [InlineData("+ Header, length - Header ==> + Header, length", "12 bytes too many", "return frame;", "2.7.8")]
    [InlineData("        available[1] = (ushort)(index + 1); ==> ", "No frame came out of Receive", "device.Notify(0)", "2.7.6")]
    [InlineData("available[2 + index % N] ==> available[2 + index]", "threw IndexOutOfRangeException", "available[2 + index]",
        null)]
    [InlineData("        _device.Notify(1); ==> ", "queue 1 was never notified", null, "4.1.5.2")]
    [InlineData("        _device.Notify(0); ==> ", "the device was not notified of them", null, "4.1.5.2")]
    [InlineData("((int)used[1 + 2 * place], (int)used[2 + 2 * place]) ==> (place, (int)used[2 + 2 * place])",
        "The number of the buffer and its length are in the used ring", "return frame;", "2.7.8")]
    [InlineData("        ring.Seen++; ==> ", "the bytes of another one came", null, "2.7.8")]
    [InlineData("        MakeAvailable(_receive, number); ==> ", "none came any more", null, "2.7.6")]
    [InlineData("(ulong)(Header + frame.Length) ==> (ulong)frame.Length", "without its last 12 bytes", null, "5.1.6")]
    [InlineData("frame.CopyTo(buffer.Slice(Header)); ==> frame.CopyTo(buffer);", "gso_type and num_buffers", "_device.Notify(1)",
        "5.1.6.2.1")]
    [InlineData("        MakeAvailable(_receive, number); ==> \n        _device.Notify(0); ==> \nbyte[] frame = ==> "
        + "MakeAvailable(_receive, number); _device.Notify(0); byte[] frame =", "the device had its buffer again",
        "return frame;", "2.7.6")]
    [InlineData("if (_free.Count == 0) return false; ==> while (_free.Count == 0) if (TakeUsed(_transmit) is var (back, _)) "
        + "_free.Push(back);", "it waits until there is room", "return true;", "2.7.8")]
    [InlineData("_free.Push(sent); ==> ;", "Send only returns false", "return false;", "2.7.8")]
    [InlineData("        if (_free.Count == 0) return false; ==> ",
        "All descriptors of queue 1 were with the device then, so none was free", "_free.Pop()", "2.7.8")]
    [InlineData("        available[2 + index % N] = (ushort)number; ==> \n        available[1] = (ushort)(index + 1); ==> "
        + "available[1] = (ushort)(index + 1); available[2 + index % N] = (ushort)number;",
        "and place 1 of the ring was written only after that", "available[1] = (ushort)(index + 1);", "2.7.6")]
    [InlineData("        MakeAvailable(_transmit, number); ==> \ntable[2 * number] = _transmit ==> "
        + "MakeAvailable(_transmit, number); table[2 * number] = _transmit", "was written only after that, in line",
        "available[1] = (ushort)(index + 1);", "2.7.5")]
    public void Exercise8(string mistake, string says, string? line, string? section) =>
        AssertFound(8, mistake, says, line, section);
}
