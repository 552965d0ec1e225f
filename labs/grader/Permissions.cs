using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Ixy.Labs.Grader;

/// <summary>
/// What an exercise may use: the language, the card, and little else. Checked twice: in the source, to name the line,
/// and in the compiled file, which hides nothing.
/// </summary>
internal static class Permissions
{
    private const string All = "*";

    // Everything else is forbidden. Members by full name, or all members of a type.
    private static readonly Dictionary<string, string> s_types = Parse("""
        Ixy.Labs: ICardFinder ICardStarter IReceiver ISleepingReceiver ITransmitter IForwarder IMeasuredForwarder
          Measurement IVirtioDriver VirtioDevice NotDoneException Dma Lab
        Ixy.Vfio: PciBar(Length,Read8,Read16,Read32,Write8,Write16,Write32)
          PciDevice(Name,VendorId,DeviceId,ClassCode,ReadConfig,WriteConfig,OpenBar,EnableBars,EnableBusMaster)
          PciDevice(DisableBusMaster,FindCapabilities,WakeUp,DisableMessages,Wait,WaitUntil,Clock,EnableInterrupts)
          PciDevice(CountInterruptVectors)
          PciConfig InterruptKind InterruptVectors(Kind,Count,Item) InterruptVector(Index,Fired,Mask,Unmask,TakeCount)
          InterruptWaiter PciDeviceException
        Ixy.Vfio.Dma: DmaMemory(Address,Length,DeviceAddress)
        System: Type(none) Object(.ctor,Equals,ToString,ReferenceEquals) String Boolean Byte SByte Char Int16 UInt16
          Int32 UInt32 Int64 UInt64 Int128 UInt128 IntPtr UIntPtr Single Double Decimal Void Math MathF BitConverter
          Nullable`1 Nullable ValueType Enum(ToString,HasFlag,Equals)
          Array(Resize,Fill,IndexOf,Copy,Clear,Reverse,Sort,Empty,Length,Find,FindIndex,Exists,TrueForAll,ForEach)
          Array(ConvertAll,Clone,CopyTo,GetLength,SetValue)
          Span`1 ReadOnlySpan`1 Memory`1 ReadOnlyMemory`1 MemoryExtensions Range Index TimeSpan Convert
          Attribute ObsoleteAttribute FlagsAttribute ParamArrayAttribute
          Delegate(Combine,Remove,Equals,op_Equality,op_Inequality) MulticastDelegate(.ctor)
          Exception(.ctor,Message) ArgumentException ArgumentNullException ArgumentOutOfRangeException ArithmeticException
          DivideByZeroException FormatException IndexOutOfRangeException InvalidCastException InvalidOperationException
          NotImplementedException NotSupportedException NullReferenceException OverflowException TimeoutException
          ApplicationException IEquatable`1 IComparable IComparable`1 IFormattable
          TimeProvider(GetTimestamp,GetElapsedTime,TimestampFrequency) Environment(NewLine)
          Action Action`1 Action`2 Action`3 Action`4 Func`1 Func`2 Func`3 Func`4 Func`5 Predicate`1 Comparison`1 Converter`2
          ValueTuple ValueTuple`1 ValueTuple`2 ValueTuple`3 ValueTuple`4 ValueTuple`5 ValueTuple`6 ValueTuple`7 Tuple Tuple`2 Tuple`3
        System.Collections: IEnumerable IEnumerator ICollection IList BitArray
        System.Collections.Generic: IEnumerable`1 IEnumerator`1 ICollection`1 IList`1 IReadOnlyCollection`1 IReadOnlyList`1
          IDictionary`2 IReadOnlyDictionary`2 ISet`1 IComparer`1 IEqualityComparer`1 Comparer`1 EqualityComparer`1
          List`1 Dictionary`2 HashSet`1 Queue`1 Stack`1 LinkedList`1 LinkedListNode`1 SortedDictionary`2 SortedList`2
          SortedSet`1 PriorityQueue`2 KeyValuePair`2 KeyValuePair
        System.Linq: Enumerable IGrouping`2 IOrderedEnumerable`1 ILookup`2
        System.Text: StringBuilder
        System.Numerics: BitOperations
        System.Buffers.Binary: BinaryPrimitives
        System.Threading: Volatile Interlocked(Add,Increment,Decrement,Exchange,CompareExchange,MemoryBarrier,Read,Or,And)
        System.Diagnostics: DebuggableAttribute DebuggerBrowsableAttribute DebuggerBrowsableState DebuggerHiddenAttribute
          DebuggerStepThroughAttribute ConditionalAttribute
        System.Diagnostics.CodeAnalysis: *
        System.Runtime.InteropServices: InAttribute OutAttribute
        System.Reflection: DefaultMemberAttribute
        System.Runtime.CompilerServices: CompilationRelaxationsAttribute RuntimeCompatibilityAttribute
          CompilerGeneratedAttribute NullableAttribute NullableContextAttribute NullablePublicOnlyAttribute
          RefSafetyRulesAttribute IsReadOnlyAttribute IsByRefLikeAttribute IsUnmanagedAttribute ScopedRefAttribute
          DefaultInterpolatedStringHandler InterpolatedStringHandlerAttribute IteratorStateMachineAttribute
          TupleElementNamesAttribute ExtensionAttribute CallerMemberNameAttribute CallerLineNumberAttribute
          CallerArgumentExpressionAttribute SwitchExpressionException IsExternalInit RequiredMemberAttribute
          CompilerFeatureRequiredAttribute CollectionBuilderAttribute InlineArrayAttribute ParamCollectionAttribute
          PreserveBaseOverridesAttribute RequiresLocationAttribute FixedBufferAttribute OverloadResolutionPriorityAttribute
          RuntimeHelpers(InitializeArray,GetSubArray,CreateSpan,EnsureSufficientExecutionStack)
        """);

    // Inserted by the compiler and the grader, and forbidden in the source. So nobody can close a card or memory
    // either.
    private static readonly Dictionary<string, string> s_compilers = Parse("""
        Ixy.Labs: Machine
        System: IDisposable Object(GetHashCode) Enum(GetHashCode) Environment(CurrentManagedThreadId)
        System.Runtime.CompilerServices: Unsafe(Add,As,AsRef)
        System.Runtime.InteropServices: MemoryMarshal(CreateSpan,CreateReadOnlySpan) CollectionsMarshal(SetCount,AsSpan)
        """);

    private const string Ended =
        "is not to be had in an exercise: what a driver needs is in Ixy.Vfio and Ixy.Labs (labs/README.md)";

    /// <summary>Finds what is not allowed in the source: at most one thing per line.</summary>
    internal static IEnumerable<CompileError> Check(CSharpCompilation compilation, SyntaxTree tree, bool allowsGiven) =>
        Find(compilation, tree, allowsGiven).DistinctBy(error => error.Line);

    private static IEnumerable<CompileError> Find(CSharpCompilation compilation, SyntaxTree tree, bool allowsGiven)
    {
        var model = compilation.GetSemanticModel(tree);
        // A "var" comes before the expression that makes it something forbidden.
        var nodes = tree.GetRoot().DescendantNodes().OrderBy(node => node is IdentifierNameSyntax { IsVar: true });
        foreach (var node in nodes)
        {
            int line = tree.GetLineSpan(node.Span).StartLinePosition.Line + 1;
            if (node is DestructorDeclarationSyntax) yield return new(line, "finalizers are not to be had in an exercise");
            if (node is LockStatementSyntax)
                yield return new(line, "'lock' is not to be had in an exercise: a driver runs on one thread here");
            if (ChangingStatic(node) is { } shared)
                yield return new(line, $"{shared}: static fields that can change are not to be had in an exercise. Statics "
                    + "outlive a run, and the grader makes many. Make it a field of the object");
            if (node is TypeOfExpressionSyntax) yield return new(line, $"typeof {Ended}");
            if (node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax
                && model.GetDeclaredSymbol(node) is { } declared
                && declared.ToDisplayString() is var own && own.Split('.', '<')[0] is "Ixy" or "System")
            {
                yield return new(line, $"{own}: types of your own in Ixy or System are not to be had in an exercise. "
                    + "Call it something else");
            }
            if (Used(node, model) is { } used && !IsOwn(used)
                && (used is not INamedTypeSymbol || !IsAllowed(NameOf(used), "Dispose", allowsGiven, ofCompiler: false)))
                yield return new(line, $"'using' with {Short(NameOf(used))} {Ended}");
            if (node is not (SimpleNameSyntax or ObjectCreationExpressionSyntax
                or ImplicitObjectCreationExpressionSyntax))
                continue;
            if (model.GetSymbolInfo(node).Symbol is not { } symbol) continue;
            if (symbol is IMethodSymbol { Name: nameof(GetHashCode) or "Shuffle" } drawn && IsDrawn(drawn))
            {
                yield return new(line, $"{drawn.ContainingType.ToDisplayString()}.{drawn.Name} is not to be had in an "
                    + "exercise: it is another one each time, and the verdict is to be the same");
                continue;
            }
            var (type, member) = symbol switch
            {
                INamedTypeSymbol named => (named, ""),
                IMethodSymbol { ContainingType: { } owner } method => (owner, Plain(method.Name)),
                { ContainingType: { } owner } => (owner, symbol.Name),
                _ => (null, ""),
            };
            if (type is null || IsOwn(type)) continue;
            if (type.TypeKind is Microsoft.CodeAnalysis.TypeKind.Error || type.IsTupleType && member != "") continue;
            // A class of the file itself may be declared disposable.
            if (type.SpecialType == SpecialType.System_IDisposable && IsBase(node)) continue;
            if (!IsAllowed(NameOf(type), member, allowsGiven, ofCompiler: false))
                yield return new(line, Refusal(Short(NameOf(type)), member));
        }

        bool IsOwn(ISymbol symbol) =>
            SymbolEqualityComparer.Default.Equals(symbol.ContainingAssembly, compilation.Assembly);

        // Different in each process, except for numbers and what the file itself computes.
        bool IsDrawn(IMethodSymbol method) => method.Name == "Shuffle" ? !IsOwn(method)
            : method.IsImplicitlyDeclared || !IsOwn(method) && method.ContainingType.SpecialType
                is not (>= SpecialType.System_Boolean and <= SpecialType.System_Double);
    }

    // The name of a writable static field, or of a property backed by one; null if it is something else.
    private static string? ChangingStatic(SyntaxNode node) => node switch
    {
        FieldDeclarationSyntax field when field.Modifiers.Any(SyntaxKind.StaticKeyword)
            && !field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword) => field.Declaration.Variables[0].Identifier.Text,
        PropertyDeclarationSyntax { AccessorList: { } accessors } property
            when property.Modifiers.Any(SyntaxKind.StaticKeyword) && accessors.Accessors.Any(IsAutomatic) =>
            property.Identifier.Text,
        _ => null,
    };

    private static bool IsAutomatic(AccessorDeclarationSyntax accessor) =>
        accessor.IsKind(SyntaxKind.SetAccessorDeclaration) && accessor.Body is null && accessor.ExpressionBody is null;

    // What is disposed at the end of a block; null if nothing is.
    private static ITypeSymbol? Used(SyntaxNode node, SemanticModel model) => node switch
    {
        UsingStatementSyntax { Expression: { } expression } => model.GetTypeInfo(expression).Type,
        UsingStatementSyntax { Declaration: { } several } => model.GetTypeInfo(several.Type).Type,
        LocalDeclarationStatementSyntax { UsingKeyword.RawKind: not 0 } local =>
            model.GetTypeInfo(local.Declaration.Type).Type,
        _ => null,
    };

    private static bool IsBase(SyntaxNode name) =>
        (name.Parent is QualifiedNameSyntax qualified ? qualified.Parent : name.Parent) is SimpleBaseTypeSyntax;

    private static string NameOf(ITypeSymbol type)
    {
        ITypeSymbol outer = type;
        while (outer.ContainingType is { } container) outer = container;
        return $"{outer.ContainingNamespace?.ToDisplayString()}.{outer.OriginalDefinition.MetadataName}";
    }

    /// <summary>Finds what is not allowed in the compiled file.</summary>
    internal static IReadOnlyList<CompileError> Check(byte[] assembly, bool allowsGiven)
    {
        using var file = new PEReader(new MemoryStream(assembly));
        var reader = file.GetMetadataReader();
        var errors = new List<CompileError>();
        foreach (var handle in reader.MethodDefinitions)
        {
            var method = reader.GetMethodDefinition(handle);
            if ((method.Attributes & MethodAttributes.PinvokeImpl) != 0
                || (method.ImplAttributes & (MethodImplAttributes.Native | MethodImplAttributes.Unmanaged)) != 0)
                errors.Add(new(0, $"{reader.GetString(method.Name)}: native code is not to be had in an exercise"));
        }
        foreach (var handle in reader.TypeReferences)
        {
            if (!IsAllowed(NameOf(reader, handle), "", allowsGiven, ofCompiler: true))
                errors.Add(new(0, Refusal(Short(NameOf(reader, handle)), "")));
        }
        foreach (var handle in reader.MemberReferences)
        {
            var member = reader.GetMemberReference(handle);
            if (OwnerOf(reader, member.Parent) is not { } owner) continue;
            string name = Plain(reader.GetString(member.Name));
            if (!IsAllowed(owner, name, allowsGiven, ofCompiler: true)) errors.Add(new(0, Refusal(Short(owner), name)));
        }
        return errors;
    }

    private static string Refusal(string type, string member) => type == "Ixy.Labs.Given"
        ? "this exercise is about what Ixy.Labs.Given does: do it yourself"
        : (type, member) == ("Ixy.Vfio.Dma.DmaMemory", "Allocate")
        ? "in an exercise DMA memory comes from Dma.Allocate(bytes), which takes it back after each run"
        : type == "System.Console" ? "System.Console is not to be had in an exercise: print with Lab.Print(text), and the "
            + "grader shows it at the end"
        : $"{type}{(member.Length > 0 && member != ".ctor" ? "." + member : "")} {Ended}";

    private static bool IsAllowed(string type, string member, bool allowsGiven, bool ofCompiler)
    {
        if (type == "Ixy.Labs.Given") return allowsGiven;
        return IsIn(s_types, type, member) || ofCompiler && IsIn(s_compilers, type, member);
    }

    private static bool IsIn(Dictionary<string, string> types, string type, string member)
    {
        string space = type[..Math.Max(0, type.LastIndexOf('.'))];
        if (!types.TryGetValue(type, out string? members) && !types.TryGetValue($"{space}.{All}", out members))
            return false;
        return members == All || member.Length == 0
            || member == ".ctor" && !type.StartsWith("Ixy.Vfio", StringComparison.Ordinal)
            || $",{members},".Contains($",{member},", StringComparison.Ordinal);
    }

    // Of a property or an operator, as it is called in the source.
    private static string Plain(string name) =>
        name.StartsWith("get_", StringComparison.Ordinal) || name.StartsWith("set_", StringComparison.Ordinal) ? name[4..] : name;

    private static string Short(string name) => name.Split('`')[0];

    private static string NameOf(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        // Nested types are allowed if their owner is.
        if (type.ResolutionScope.Kind == HandleKind.TypeReference)
            return NameOf(reader, (TypeReferenceHandle)type.ResolutionScope);
        return $"{reader.GetString(type.Namespace)}.{reader.GetString(type.Name)}";
    }

    // Null for a type of the file itself, an array, or a parameter.
    private static string? OwnerOf(MetadataReader reader, EntityHandle parent)
    {
        if (parent.Kind == HandleKind.TypeReference) return NameOf(reader, (TypeReferenceHandle)parent);
        if (parent.Kind != HandleKind.TypeSpecification) return null;
        var blob = reader.GetBlobReader(reader.GetTypeSpecification((TypeSpecificationHandle)parent).Signature);
        if (blob.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance) return null;
        blob.ReadByte();
        return blob.ReadTypeHandle() is { Kind: HandleKind.TypeReference } handle
            ? NameOf(reader, (TypeReferenceHandle)handle) : null;
    }

    private static Dictionary<string, string> Parse(string text)
    {
        var types = new Dictionary<string, string>();
        string space = "";
        foreach (string word in text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.EndsWith(':'))
            {
                space = word[..^1];
                continue;
            }
            string[] parts = word.TrimEnd(')').Split('(');
            string name = $"{space}.{parts[0]}", members = parts.Length > 1 ? parts[1] : All;
            types[name] = types.TryGetValue(name, out string? before) ? $"{before},{members}" : members;
        }
        return types;
    }
}
