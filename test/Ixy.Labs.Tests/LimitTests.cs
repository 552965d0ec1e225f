using Ixy.Labs.Grader;

namespace Ixy.Labs.Tests;

/// <summary>A file that does not end, or uses what it must not, gets an explanation.</summary>
public sealed class LimitTests
{
    // Exercise 1, with something in place of Find's body.
    private static string File(string find, string members = "") => $$"""
        using System.IO;
        using Ixy.Labs;
        using Ixy.Vfio;

        public sealed class CardFinder : ICardFinder
        {
            public PciDevice? Find(IReadOnlyList<PciDevice> functions)
            {
                {{find}}
            }

            public byte[] ReadMacAddress(PciDevice card) => [];
            {{members}}
        }
        """;

    [Theory]
    [InlineData("while (true) { }", "Find still runs after 3 million statements", 9)]
    [InlineData("for (;;) ;", "Find still runs after 3 million statements", 9)]
    [InlineData("do ; while (true);", "Find still runs", 9)]
    [InlineData("while (true) { { } }", "Find still runs", 9)]
    [InlineData("for (;;) { { { } } void Inner() { } }", "Find still runs", 9)]
    [InlineData("again: goto again;", "Find still runs", 9)]
    [InlineData("while (true) { try { Find(null!); } catch { } }", "Find", 9)]
    [InlineData("while (true) functions[0].ReadConfig(0, 2);", "Find", 9)]
    [InlineData("functions.First(one => one.DeviceId == 0x10FB).Wait(TimeSpan.FromDays(9)); return null;",
        "Find has not returned in the time it has", 9)]
    [InlineData("functions.First(one => one.DeviceId == 0x10FB && one.VendorId == 0x8086).WaitUntil(() => false, "
        + "TimeSpan.FromDays(9)); return null;", "Find has not returned in the time it has", 9)]
    [InlineData("return Find(functions);", "Find: a method calls itself without end", 9)]
    [InlineData("var all = new List<byte[]>(); while (true) all.Add(new byte[1000]);", "Find has allocated 256 MiB", 9)]
    [InlineData("while (true) Dma.Allocate(1 << 20);", "64 MiB of DMA memory are taken already", 9)]
    [InlineData("object? nothing = null; nothing!.ToString(); return null;", "a variable that is null", 9)]
    [InlineData("throw new Exception(\"stop\");", "Find threw Exception: stop.", 9)]
    [InlineData("return functions[99];", "Find threw ArgumentOutOfRangeException", 9)]
    [InlineData("int zero = 0; return functions[1 / zero];", "DivideByZeroException", 9)]
    public void WhatDoesNotEndIsEnded(string find, string says, int line)
    {
        var verdict = Grading.Grade(1, File(find), seeds: 1);
        Assert.Equal(0, verdict.Points);
        Assert.Contains(verdict.Findings, finding => finding.Message.Contains(says, StringComparison.Ordinal)
            && finding.Line == line);
    }

    [Theory]
    [InlineData("System.IO.File.Delete(\"x\"); return null;", "System.IO.File")]
    [InlineData("return File.ReadAllText(\"/etc/passwd\").Length > 0 ? null : null;", "System.IO.File")]
    [InlineData("Environment.Exit(0); return null;", "System.Environment.Exit")]
    [InlineData("var home = Environment.GetEnvironmentVariable(\"HOME\"); return null;",
        "System.Environment.GetEnvironmentVariable")]
    [InlineData("System.Diagnostics.Process.Start(\"ls\"); return null;", "System.Diagnostics.Process")]
    [InlineData("var socket = new System.Net.Sockets.Socket(default, default, default); return null;",
        "System.Net.Sockets")]
    [InlineData("this.GetType().GetMethods(); return null;", "System.Object.GetType")]
    [InlineData("var type = typeof(PciDevice); return null;", "typeof")]
    [InlineData("System.Reflection.Assembly.GetExecutingAssembly(); return null;", "System.Reflection.Assembly")]
    [InlineData("new System.Threading.Thread(() => { }).Start(); return null;", "System.Threading.Thread")]
    [InlineData("System.Threading.Tasks.Task.Run(() => { }); return null;", "System.Threading.Tasks.Task")]
    [InlineData("Console.WriteLine(1); return null;", "print with Lab.Print(text)")]
    [InlineData("lock (functions) { return null; }", "'lock' is not to be had")]
    [InlineData("GC.Collect(); return null;", "System.GC")]
    [InlineData("Activator.CreateInstance<object>(); return null;", "System.Activator")]
    [InlineData("System.Runtime.CompilerServices.Unsafe.As<object>(this); return null;",
        "System.Runtime.CompilerServices.Unsafe")]
    [InlineData("System.Runtime.InteropServices.Marshal.AllocHGlobal(1); return null;",
        "System.Runtime.InteropServices.Marshal")]
    [InlineData("System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref functions, 2); return null;",
        "System.Runtime.InteropServices.MemoryMarshal")]
    [InlineData("Ixy.Vfio.VfioPciDevice.Open(default); return null;", "Ixy.Vfio.VfioPciDevice")]
    [InlineData("functions[0].Dispose(); return null;", "Ixy.Vfio.PciDevice.Dispose")]
    [InlineData("using (functions[0]) { } return null;", "'using' with Ixy.Vfio.PciDevice")]
    [InlineData("using var card = functions[0]; return null;", "'using' with Ixy.Vfio.PciDevice")]
    [InlineData("((IDisposable)functions[0]).Dispose(); return null;", "System.IDisposable")]
    [InlineData("Ixy.Labs.Machine.At(1); return null;", "Ixy.Labs.Machine")]
    [InlineData("return new HashCode().ToHashCode() > 0 ? functions[0] : null;", "System.HashCode")]
    [InlineData("return functions.Shuffle().First();", "System.Linq.Enumerable.Shuffle")]
    [InlineData("return \"a\".GetHashCode() > 0 ? functions[0] : null;", "string.GetHashCode")]
    [InlineData("return functions[0].GetHashCode() > 0 ? functions[0] : null;", "object.GetHashCode")]
    [InlineData("return EqualityComparer<string>.Default.GetHashCode(\"a\") > 0 ? functions[0] : null;", ".GetHashCode")]
    [InlineData("return new Text(\"a\").GetHashCode() > 0 ? functions[0] : null;", "CardFinder.Text.GetHashCode")]
    [InlineData("Ixy.Vfio.Dma.DmaMemory.Allocate(1); return null;", "Dma.Allocate(bytes)")]
    [InlineData("Given.PrepareReceive(null!); return null;", "do it yourself")]
    [InlineData("var later = DateTime.Now; return null;", "System.DateTime")]
    [InlineData("new Random().Next(); return null;", "System.Random")]
    [InlineData("dynamic a = 1; a.Exit(); return null;", "the grader cannot run this")]
    [InlineData("new HttpClient(); return null;", "HttpClient")]
    [InlineData("Action exit = Find2; var method = exit.Method; return null;", "System.Delegate.Method")]
    [InlineData("unsafe { int* p = null; } return null;", "CS0227")]
    public void WhatIsNotAllowedIsNamedWithItsLine(string find, string says)
    {
        var verdict = Grading.Grade(1, File(find, "private void Find2() { } private readonly record struct Text(string One);"),
            seeds: 1);
        Assert.Equal(0, verdict.Points);
        Assert.Contains(verdict.Findings, finding => finding.Message.Contains(says, StringComparison.Ordinal)
            && finding.Line == 9);
    }

    // The type, its member and the arguments count as one mistake.
    [Theory]
    [InlineData("Console.WriteLine(Console.Title); return null;", "System.Console is not")]
    [InlineData("var later = DateTime.Now.AddDays(1); return null;", "System.DateTime is not")]
    [InlineData("Action find = () => Find(null!); var method = find.Method.Name; return null;", "System.Delegate.Method is not")]
    public void ALineHasOneFinding(string find, string says) =>
        Assert.StartsWith(says, Assert.Single(Grading.Grade(1, File(find), seeds: 1).Findings).Message);

    [Theory]
    [InlineData("[System.Runtime.InteropServices.DllImport(\"libc\")] private static extern void exit(int code);")]
    [InlineData("~CardFinder() { }")]
    [InlineData("private async void Later() { }")]
    [InlineData("private static int s_next;")]
    [InlineData("private static int Next { get; set; }")]
    public void MembersAreLookedAtToo(string member)
    {
        var verdict = Grading.Grade(1, File("return null;", member), seeds: 1);
        Assert.Equal(0, verdict.Points);
        Assert.Contains("is not to be had in an exercise", Report.Json(verdict).Replace("are not", "is not"));
    }

    [Fact]
    public void CompilerErrorsHaveTheirLines()
    {
        var verdict = Grading.Grade(1, File("int a = \"b\";\nreturn c;"), seeds: 1);
        Assert.Equal([9, 10], verdict.Findings.Select(finding => finding.Line!.Value));
        Assert.Equal("return c;", verdict.Findings[1].Source);
        Assert.Contains("(CS0029)", verdict.Findings[0].Message);
    }

    [Theory]
    [InlineData("public sealed class Other { }", "0 classes implement ICardFinder")]
    [InlineData("", "0 classes implement ICardFinder")]
    [InlineData("""
        class Mine : Ixy.Labs.ICardFinder
        {
            public Ixy.Vfio.PciDevice? Find(IReadOnlyList<Ixy.Vfio.PciDevice> functions) => null;
            public byte[] ReadMacAddress(Ixy.Vfio.PciDevice card) => [];
        }
        """, "1 class implements ICardFinder")]
    public void AFileWithoutTheClassIsTold(string text, string says) =>
        Assert.Contains(says, Grading.Grade(1, text).Findings[0].Message);

    // The grader's own calls would bind to them.
    [Theory]
    [InlineData("namespace Ixy.Labs { static class Machine { public static void At(int a) { } } }", "Ixy.Labs.Machine")]
    [InlineData("namespace Ixy { struct Mine { } }", "Ixy.Mine")]
    [InlineData("namespace System.Linq { delegate void Mine(); }", "System.Linq.Mine")]
    public void NoTypeIsPutBesideThoseOfTheLab(string text, string type)
    {
        var verdict = Grading.Grade(1, $"{File("return null;")}\n{text}", seeds: 1);
        Assert.Equal(0, verdict.Points);
        Assert.StartsWith($"{type}: types of your own", Assert.Single(verdict.Findings).Message);
    }

    // The catch is the last statement, with no probe after it.
    [SkippableFact]
    public void ALimitThatIsCaughtCostsThePoints()
    {
        const string Last = "card.WaitUntil(() => (registers.Read32(RDRXCTL) & 1u << 3) != 0, second);";
        var verdict = Grading.GradeMistake(2, $"{Last} ==> {Last} try {{ while (true) {{ }} }} catch {{ }}", seeds: 1);
        Assert.Equal(0, verdict.Points);
        Assert.StartsWith("Reset still runs after 3 million statements", verdict.Findings[0].Message);
    }

    [Theory]
    [InlineData("return functions[99];", true)]
    [InlineData("return new[] { functions[0] }[1];", true)]
    [InlineData("throw new ArgumentOutOfRangeException(\"a\");", false)]
    [InlineData("throw new ArgumentException(\"a\");", false)]
    [InlineData("Dma.Allocate(-1); return null;", false)]
    public void AnIndexIsOnlySpokenOfWhereThereIsOne(string find, bool isIndex) =>
        Assert.Equal(isIndex, Grading.Grade(1, File(find), seeds: 1).Findings[0].Message.Contains("Is an index or a length"));

    // The language and its basic libraries are available.
    [Fact]
    public void TheLanguageIsThere()
    {
        var verdict = Grading.Grade(1, File("""
            int[] numbers = [1, 2, 3, .. Enumerable.Range(4, 3).Where(one => one % 2 == 0)];
            Span<byte> bytes = stackalloc byte[4];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bytes, 7);
            var (a, b) = (numbers[^1], bytes[1..].ToArray());
            string text = $"{a:x2} {b.Length} {functions.Count switch { 0 => "none", > 5 => "many", _ => "some" }}";
            Lab.Print(text);
            foreach (int one in Count(3)) Lab.Print($"{one}");
            ReadOnlySpan<ulong> words = [1, 2, (ulong)functions.Count];
            List<int> list = [a, words.Length];
            using (var disposable = new Nothing()) { }
            switch (list.Count) { case 2: break; default: goto case 2; }
            return (functions as List<PciDevice>)?.Find(one => one.VendorId == 1);
            """, """
            private readonly record struct Pair(int A, int B);
            private int Sum => new Pair(1, 2) is { A: var a } pair ?
                a + pair.B : // here
                0;
            private sealed class Nothing : IDisposable { public void Dispose() { } }
            private static IEnumerable<int> Count(int most) { for (int i = 0; i < most; i++) yield return i; }
            """), seeds: 1);
        Assert.DoesNotContain(verdict.Findings, finding => finding.Task.Length == 0);
        Assert.StartsWith("06 3 ", verdict.Printed[0]);
        Assert.Equal(["0", "1", "2"], verdict.Printed.Skip(1));
    }
}
