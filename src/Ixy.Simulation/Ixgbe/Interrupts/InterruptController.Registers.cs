using Ixy.Ixgbe;
using Ixy.Simulation.Ixgbe.Registers;
using static Ixy.Ixgbe.IxgbeFeatureRegisters;
using static Ixy.Simulation.Ixgbe.Registers.CardRegisters;

namespace Ixy.Simulation.Ixgbe.Interrupts;

// The effects of software's reads and writes of the interrupt registers (datasheet 8.2.3.5). The 64-bit registers
// EICS(1), EICS(2) and so on are EICS_EX[0] and EICS_EX[1] here; EICS bits 0 to 15 mirror EICS_EX[0] (7.3.1).
internal sealed partial class InterruptController
{
    // GPIE (8.2.3.5.18)
    private const uint OtherClearDisable = 1u << 5, ImmediateEics = 1u << 6, LowLatencyIntervalMask = 0xF;
    private const int LowLatencyIntervalShift = 7;

    private void AttachRegisters()
    {
        var registers = _card.Registers;
        registers.OnRead(IxgbeRegisters.EICR, _ => ReadCauses());
        registers.OnWrite(IxgbeRegisters.EICR, (_, value) => ClearCauses(value));
        // Not in the datasheet, but in silicon: EICS shows EICR without clearing it.
        registers.OnRead(EICS, _ => Causes());
        registers.OnWrite(EICS, (_, value) => SetCauses(value & EICR_.Queues, value));
        registers.OnWrite(EICS_EX, (index, value) => SetCauses(Wide(index, value), 0));
        AttachMasks(registers);
        AttachModes(registers);
        registers.OnRead(PBACL, index => _pci.Msix.PendingWord(index));
        registers.OnWrite(PBACL, ClearPending);
    }

    private void AttachMasks(RegisterFile registers)
    {
        registers.OnRead(EIMS, _ => Narrow(_queueMask, _otherMask));
        registers.OnRead(EIMS_EX, index => (uint)(_queueMask >> 32 * index));
        registers.OnWrite(EIMS, (_, value) => Enable(value & EICR_.Queues, value));
        registers.OnWrite(EIMS_EX, (index, value) => Enable(Wide(index, value), 0));
        registers.OnWrite(IxgbeRegisters.EIMC, (_, value) => Disable(value & EICR_.Queues, value));
        registers.OnWrite(CardRegisters.EIMC_EX, (index, value) => Disable(Wide(index, value), 0));
        registers.OnRead(EIAM, _ => Narrow(_queueAutoMask, _otherAutoMask));
        registers.OnRead(EIAM_EX, index => (uint)(_queueAutoMask >> 32 * index));
        registers.OnWrite(EIAM, (_, value) =>
        {
            _queueAutoMask = _queueAutoMask & ~(ulong)EICR_.Queues | value & EICR_.Queues;
            _otherAutoMask = value & (EICR_.Other | EICR_.TcpTimer);
        });
        registers.OnWrite(EIAM_EX, (index, value) =>
            _queueAutoMask = _queueAutoMask & ~Wide(index, uint.MaxValue) | Wide(index, value));
        registers.OnWrite(EIAC, WriteAutoClear);
    }

    private void AttachModes(RegisterFile registers)
    {
        registers.OnWrite(GPIE, (_, value) => WriteMode(value));
        registers.OnWrite(EITR, (index, value) =>
        {
            _moderation.Write(index, value, _card.Now);
            Evaluate();
        });
        registers.OnWrite(IVAR, (index, value) =>
        {
            registers[IVAR, index] = value;
            _allocation.Decode(index);
        });
        registers.OnWrite(IVAR_MISC, (_, value) =>
        {
            registers[IVAR_MISC] = value;
            _allocation.DecodeOther();
            CheckOtherVectors(value);
            Evaluate();
        });
    }

    private static ulong Wide(int index, uint value) => (ulong)value << 32 * index;

    private static uint Narrow(ulong queues, uint others) => (uint)queues & EICR_.Queues | others;

    // Bit 31 says that one of bits 16 to 29 is set and enabled (8.2.3.5.1).
    private uint Causes()
    {
        uint causes = Narrow(_queueCauses, _otherCauses);
        return (_otherCauses & _otherMask & EICR_.Other) != 0 ? causes | EICR_.OtherCause : causes;
    }

    // With GPIE.OCD only bits 16 to 29 are cleared; without it, all. EIAM masks whatever is cleared (7.3.1.2, 7.3.1.5).
    private uint ReadCauses()
    {
        uint causes = Causes();
        ClearCauses((_card.Registers[GPIE] & OtherClearDisable) != 0 ? EICR_.Other : uint.MaxValue);
        return causes;
    }

    private void ClearCauses(uint bits)
    {
        ulong queues = bits & EICR_.Queues;
        _queueCauses &= ~queues;
        _otherCauses &= ~bits;
        _queueMask &= ~(_queueAutoMask & queues);
        _otherMask &= ~(_otherAutoMask & bits);
        Evaluate();
    }

    // EIAM enables whatever is set; with GPIE.EIMEN the interrupt does not wait for EITR (7.3.1.3, 7.3.1.5).
    private void SetCauses(ulong queues, uint others)
    {
        others &= EICR_.Other | EICR_.TcpTimer;
        _queueCauses |= queues;
        _otherCauses |= others;
        _queueMask |= _queueAutoMask & queues;
        _otherMask |= _otherAutoMask & others;
        if ((_card.Registers[GPIE] & ImmediateEics) != 0) PassUrgent(queues, others);
        Evaluate();
    }

    private void PassUrgent(ulong queues, uint others)
    {
        if ((queues & ~_queueAutoMask) != 0 || (others & ~_otherAutoMask) != 0)
            _card.Violations.Add("eimen-without-auto-mask", "EICS", queues | others, "7.3.1.3",
                "GPIE.EIMEN is set and EICS sets a cause that EIAM does not mask; immediate interrupts need "
                + "auto-masking");
        PassUrgent(queues | ((others & EICR_.TcpTimer) != 0 ? _allocation.Timer : 0)
            | ((others & EICR_.Other) != 0 ? _allocation.Other : 0));
    }

    // With GPIE.PBA_support, enabling a cause clears its vector's pending bit: if the cause is (still) set, the vector
    // interrupts again (8.2.3.5.18).
    private void Enable(ulong queues, uint others)
    {
        _queueMask |= queues;
        _otherMask |= others & (EICR_.Other | EICR_.TcpTimer);
        if ((_card.Registers[GPIE] & GPIE_.PbaSupport) != 0)
        {
            ulong vectors = queues | ((others & EICR_.TcpTimer) != 0 ? _allocation.Timer : 0)
                | ((others & EICR_.Other) != 0 ? _allocation.Other : 0);
            Forget(_allocation.IsMultiple ? vectors : vectors != 0 ? 1ul : 0);
        }
        Evaluate();
    }

    private void Disable(ulong queues, uint others)
    {
        _queueMask &= ~queues;
        _otherMask &= ~others;
        Evaluate();
    }

    private void WriteAutoClear(int index, uint value)
    {
        _card.Registers[EIAC] = value & (EICR_.Queues | EICR_.TcpTimer);
        if ((value & EICR_.Other) != 0)
            _card.Violations.Add("eiac-other-cause", "EIAC", value, "7.3.1.4",
                "bits 16 to 29 must not be cleared automatically, since these causes share a vector");
    }

    private void WriteMode(uint value)
    {
        _card.Registers[GPIE] = value;
        _moderation.SetCreditInterval(
            value >> LowLatencyIntervalShift & LowLatencyIntervalMask, _card.Now);
        _allocation.DecodeAll();
        Evaluate();
    }

    private void CheckOtherVectors(uint value)
    {
        const uint beyond63 = 0x4040;
        if ((value & beyond63) != 0)
            _card.Violations.Add("ivar-misc-vector", "IVAR_MISC", value, "8.2.3.5.16",
                "TCP timer and other causes can have the vectors 0 to 63 only");
    }

    private void ClearPending(int index, uint value)
    {
        if (index >= 2) return; // Beyond the 64 vectors of the physical function: those of virtual functions.
        ulong vectors = Wide(index, value);
        Forget(vectors & _pending);
        Evaluate();
    }
}
